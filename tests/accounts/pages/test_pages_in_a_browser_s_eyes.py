"""Every page as a browser reads it: its policy, its forms, and that a GET changes nothing."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from dashtam.bridge.doors import run_db
from tests.accounts.conftest import Browser
from tests.dashtam.web.test_content_policy import assert_policy, directives
from tests.staff import Staff

NOT_PAGES = (
    "api/",
    "admin/",
    "healthz",
    "readyz",
    "metrics",
    "ws/",
    "csp-reports",
    "favicon.ico",
    "transactions.csv",
    "connections/calendar.ics",
)
WITHOUT_A_WAY_OUT = {"/reauthenticate"}
INVITING = "/settings/invitations"  # of staff alone
PASSWORDS = {"current-password", "new-password"}


def urls(patterns: Any, prefix: str = "") -> Iterator[str]:
    """Every URL of the map that stands for one page."""
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from urls(each.url_patterns, prefix + str(each.pattern))
        elif isinstance(each, URLPattern) and "<" not in (path := prefix + str(each.pattern)):
            yield path


PAGES = [f"/{path}" for path in urls(get_resolver().url_patterns) if not path.startswith(NOT_PAGES)]


class Page(HTMLParser):
    """The tags that matter here."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(response.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, *kinds: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in kinds]


def assert_loads_its_own(page: Page, nonce: str) -> None:
    loaded = [a for a in page.all("script", "style", "link") if a.get("rel", "stylesheet") == "stylesheet"]
    assert loaded
    assert {a.get("nonce") for a in loaded} == {nonce}
    assert [a for _, a in page.tags if any(name == "style" or name.startswith("on") for name in a)] == []
    for attributes in page.all("script", "link", "img", "form", "iframe", "source"):
        for name in ("src", "href", "action"):
            assert not re.match(r"(https?:)?//", attributes.get(name, "/")), attributes


def assert_asks_properly(page: Page) -> None:
    labelled = {a["for"] for a in page.all("label") if "for" in a}
    for field in page.all("input", "select", "textarea"):
        kind = field.get("type", "text")
        if kind not in {"hidden", "submit"} and not {"hidden", "aria-label"} & field.keys():
            assert field["id"] in labelled, field
        if "password" in field.get("name", ""):
            assert kind == "password"
            assert field["autocomplete"].split()[0] in PASSWORDS
        if kind == "password":
            assert "maxlength" not in field
        if field.get("name") == "email" and "hidden" not in field:
            assert (kind, "autocomplete" in field) == ("email", True)
        if field.get("name") == "otp":
            assert field["autocomplete"] == "one-time-code"


@pytest.mark.parametrize("path", PAGES)
async def test_i1_i2_i3_every_page_of_a_person(ana: User, path: str) -> None:
    browser = Browser()
    await browser.sign_in(ana.email)
    response = await browser.get(path)
    assert response.status_code in {200, 302, 303, 405} | ({403} if path == INVITING else set())
    assert response["cache-control"] == "no-store"
    if response.status_code != 200:
        return
    page = Page(response)
    assert_loads_its_own(page, assert_policy(response))
    assert_asks_properly(page)
    if path not in WITHOUT_A_WAY_OUT:
        ways_out = {a.get("method") for a in page.all("form") if a.get("action") == "/sign-out"}
        assert ways_out == {"post"}


@pytest.mark.parametrize("path", PAGES)
async def test_i1_i2_every_page_of_a_stranger(browser: Browser, db: None, path: str) -> None:
    response = await browser.get(path)
    assert response.status_code in {200, 302, 303, 404, 405, 410}
    if response.status_code == 200:
        page = Page(response)
        assert_loads_its_own(page, assert_policy(response))
        assert_asks_properly(page)


async def test_i1_every_page_of_the_admin(make_user: Callable[..., User]) -> None:
    staff = await Staff.arrives(await run_db(make_user, "Root", is_staff=True, is_superuser=True))
    seen = 0
    for path in urls(get_resolver().url_patterns):
        if path.startswith("admin/") and re.fullmatch(r"admin/(\w+/\w+/)?", path):
            response = await staff.get(f"/{path}")
            assert response.status_code in {200, 302, 403, 404, 405}, path
            if response.status_code == 200:
                seen += 1
                assert_policy(response, own_files=True)
                assert directives(response)["form-action"] == "'self'"
    assert seen > 5


def fingerprints() -> dict[str, str]:
    """The content of each table, without when a session was last seen."""
    prints = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        for (table,) in cursor.fetchall():
            row = "to_jsonb(t) - 'last_seen_at'"
            digest = f"md5(coalesce(string_agg(({row})::text, '' ORDER BY ({row})::text), ''))"
            cursor.execute(f"SELECT {digest} FROM {table} t")  # noqa: S608 names of our own tables
            prints[table] = cursor.fetchone()[0]
    return prints


async def test_i4_looking_at_pages_changes_nothing(ana: User) -> None:
    browser = Browser()
    await browser.sign_in(ana.email)
    before = await run_db(fingerprints)
    for path in PAGES:
        await browser.get(path, **{"sec-fetch-site": "cross-site"})
    assert await run_db(fingerprints) == before
