"""The layout of the pages of providers: folded groups, days, kinds beside categories, names in any script, states."""

import html
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.ledger.ingest import apply_accounts, upsert_transactions
from providers.ledger.models import Transaction
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.providers.ledger.test_ingest import account_record, row
from tests.providers.pages.browsing import signed_in
from tests.providers.pages.test_pages_linking import come_back
from tests.providers.pages.test_pages_overview import account_in, connection_of

pytestmark = pytest.mark.django_db

HEBREW = "חשבון משותף"


async def source(user: User, path: str = "/") -> str:
    """The page's own text, tags and all."""
    answer = await (await signed_in(user)).get(path)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def accounts_in(connection: Connection, count: int) -> None:
    records = [account_record(f"many-{n}", "10", as_of=timezone.now()) for n in range(count)]
    apply_accounts(connection, records, timezone.now())


def groups(page: str) -> list[str]:
    return re.findall(r'<details class="accounts"[^>]*>', page)


@pytest.mark.parametrize(("count", "open_"), [(1, True), (12, True), (13, False), (200, False)])
async def test_t11_a_group_of_many_accounts_is_folded_away(ana: User, count: int, open_: bool) -> None:
    await run_db(accounts_in, await run_db(connection_of, ana), count)
    page = await source(ana)
    [group] = groups(page)
    assert (" open" in group) == open_
    assert (f">{count}</data> accounts" in page) == (count > 1)
    connection = await Connection.objects.aget(user=ana)
    assert len(groups(await source(ana, f"/connections/{connection.id}"))) == 1


async def test_t11_small_groups_stay_open_beside_a_large_one(ana: User) -> None:
    place = await run_db(connection_of, ana)

    def many_and_a_few() -> None:
        kinds = ["depository"] * 40 + ["credit"] * 2 + ["loan"]
        records = [
            account_record(f"many-{n}", "10", as_of=timezone.now(), type=kind) for n, kind in enumerate(kinds)
        ]
        apply_accounts(place, records, timezone.now())

    await run_db(many_and_a_few)
    assert [" open" in group for group in groups(await source(ana))] == [False, True, True]


async def some_days(user: User) -> str:
    """Three transactions on one day and one on the day before; the path of their account."""
    account = await run_db(account_in, await run_db(connection_of, user))
    today = timezone.now().date()
    rows = [
        row(f"t{n}", "-4.25", date=today, description=f"Shop {n}", kind="purchase", category="GROCERIES")
        for n in range(3)
    ]
    rows.append(
        row("t9", "-1", date=today - timedelta(days=1), description=HEBREW, kind="fee", category="FEE")
    )
    await run_db(upsert_transactions, account, rows)
    return f"/accounts/{account.id}"


async def test_t11_a_day_is_told_once_beside_its_rows(ana: User) -> None:
    path = await some_days(ana)
    for page in ("/", path, "/transactions"):
        shown = await source(ana, page)
        assert re.findall(r'<th scope="rowgroup"[^>]*rowspan="(\d+)"', shown) == ["3", "1"], page
        assert "when-row" not in shown


def kinds(page: str) -> list[str]:
    """The cells of kind and category, without tags."""
    cells = re.findall(r'<td class="movements__kind"[^>]*>(.*?)</td>', page, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", cell)).strip() for cell in cells]


async def test_t11_a_category_stands_beside_its_kind(ana: User) -> None:
    await some_days(ana)
    assert kinds(await source(ana)) == ["Purchase · Groceries"] * 3 + ["Fee"]


async def test_t11_names_of_any_direction_keep_to_themselves(ana: User) -> None:
    place = await run_db(connection_of, ana)
    await run_db(lambda: account_in(place, name=HEBREW))
    await User.objects.filter(id=ana.id).aupdate(name=HEBREW)
    page = await source(ana)
    assert f"<bdi>{HEBREW}</bdi>" in page
    assert re.search(rf'<span class="menu__name" dir="auto">{HEBREW}</span>', page)


async def test_t11_a_connection_that_is_being_read_is_not_called_done(ana: User) -> None:
    place = await run_db(connection_of, ana, last_success_at=timezone.now())
    await SyncRun.objects.acreate(connection=place, trigger="manual", state="running")
    for path in ("/connections", f"/connections/{place.id}"):
        page = await source(ana, path)
        assert "badge--info" in page, path
        assert "badge--good" not in re.sub(r"<table.*?</table>", "", page, flags=re.DOTALL), path
        assert "up to date" not in page, path


async def test_t11_a_new_connection_promises_nothing_that_passes(ana: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    answer = await come_back(browser, bank)
    told = browser.text(await browser.get(answer["Location"]))
    assert "Sandbox Bank is connected." in told
    assert "being read now" not in told


async def test_t11_the_page_before_consent_says_each_no_once(ana: User) -> None:
    page = await source(ana, "/connections/new?provider=sandbox")
    refused = re.search(r'<ul class="will">(.*?)</ul>', page, re.DOTALL)
    assert refused
    assert not re.search(r"\b(not|nothing|never|cannot|no)\b", refused[1], re.IGNORECASE)


async def test_t11_one_place_of_the_navigation_is_the_current_one(ana: User) -> None:
    connection = await run_db(connection_of, ana)
    account = await run_db(account_in, connection)
    await run_db(upsert_transactions, account, [row("a")])
    transaction = await Transaction.objects.aget()
    for path, name in (
        (f"/accounts/{account.id}/settings", "Dashboard"),
        (f"/transactions/{transaction.id}", "Transactions"),
        ("/settings/profile", "Settings"),
    ):
        navigation = (await source(ana, path)).split('<nav class="nav"')[1].split("</nav>")[0]
        current = re.findall(r"aria-current=.*?<span>(\w+)</span>", navigation)
        assert current == [name], path
        assert ("data-current" in navigation) == (name == "Settings"), path


async def test_t11_the_activity_has_the_names_of_institutions(ana: User) -> None:
    connection = await run_db(connection_of, ana)
    await run_db(connection.record, "connection.linked", provider=connection.provider)
    assert "Sandbox Bank was connected" in await source(ana, "/settings/activity")
