"""The list of imports: every one is reached, and an import without news says so."""

import re

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.imports.models import FileImport
from tests.providers.formats.ofx.writing import bank_file, row
from tests.providers.pages.browsing import Browser, signed_in
from tests.providers.pages.test_pages_imports import send

pytestmark = pytest.mark.django_db


def files(user: User, count: int, state: str) -> None:
    FileImport.objects.bulk_create(
        FileImport(user=user, state=state, filename=f"{state}-{n}.ofx", format="ofx2", size=9)
        for n in range(count)
    )


async def listed(browser: Browser, address: str) -> tuple[list[str], str, str]:
    """The names on a page of the list, and the links to the older and the newer page."""
    source = (await browser.get(address)).content.decode()
    names = re.findall(r"succeeded-\d+\.ofx", source)
    links = dict(re.findall(r'rel="(next|prev)" href="([^"#]+)', source))
    return names, links.get("next", ""), links.get("prev", "")


async def test_t04_thirty_imports_are_all_reached_and_the_way_back_too(ana: User, ben: User) -> None:
    await run_db(files, ana, 30, "succeeded")
    await run_db(files, ana, 12, "preview")
    await run_db(files, ben, 3, "succeeded")
    browser = await signed_in(ana)
    address, seen, before = "/imports/new", list[str](), ""
    while address:
        names, older, newer = await listed(browser, address)
        assert len(names) == 10, "tables that wait take no place in the list"
        assert bool(newer) == bool(before)
        if before:
            assert (await listed(browser, newer))[0] == seen[-10:]
        seen, before, address = seen + names, address, older
    assert len(set(seen)) == len(seen) == 30


async def test_t04_an_import_without_news_says_so(ana: User) -> None:
    browser = await signed_in(ana)
    known = bank_file(row("-4.50", fitid="A"))
    await send(browser, known)
    told = browser.text(await browser.get((await send(browser, known))["Location"]))
    assert "Nothing new: 0 added, 1 known already" in told
    assert "Nothing new: 0 added, 1 known already" in browser.text(await browser.get("/imports/new"))


async def test_t04_a_bad_cursor_is_answered_kindly(ana: User) -> None:
    browser = await signed_in(ana)
    assert (await browser.get("/imports/new", {"cursor": "nonsense"})).status_code == 400
