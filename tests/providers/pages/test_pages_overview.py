"""Dashboard and connections: their contents in every state, their privacy, and their number of queries."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.ui.formats import date_text
from providers.connections.models import Connection
from providers.ledger.ingest import apply_accounts, apply_balances, upsert_transactions
from providers.ledger.models import FinancialAccount
from providers.rates.conversion import EuroRate
from providers.rates.models import ExchangeRate
from providers.records import BalanceRecord
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.jobs import run_queued
from tests.providers.connections.linking import connect
from tests.providers.ledger.test_ingest import account_record, row
from tests.providers.pages.browsing import Browser, link, queries_of, signed_in
from tests.said import listening

pytestmark = pytest.mark.django_db


def connection_of(user: User, state: str = "active", **fields: Any) -> Connection:
    return Connection.objects.create(user=user, provider="sandbox", state=state, **fields)


def account_in(connection: Connection, **fields: Any) -> FinancialAccount:
    return apply_accounts(connection, [account_record(as_of=timezone.now(), **fields)], timezone.now())[0]


async def page(user: User, path: str = "/") -> str:
    browser = await signed_in(user)
    answer = await browser.get(path)
    assert answer.status_code == 200
    return browser.text(answer)


# --- dashboard -----------------------------------------------------------------------------------


async def test_a_stranger_is_sent_to_sign_in() -> None:
    answer = await Browser().get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in?next=%2F")


async def test_an_empty_dashboard_teaches_the_first_step(ana: User) -> None:
    told = await page(ana)
    assert "Connect your first institution" in told
    assert "Import a file" in told


async def test_the_dashboard_shows_the_whole_bank(ana: User, bank: SandboxBank) -> None:
    await connect(ana, bank)
    await run_db(run_queued)
    told = await page(ana)
    for words in (
        "Net worth",
        "Cash",
        "Cards",
        "Loans",
        "Investments",
        "Largest holdings",
        "Latest transactions",
    ):
        assert words in told
    assert "as of just now" in told


async def test_net_worth_is_the_exact_sum_of_what_is_shown(ana: User) -> None:
    place = await run_db(connection_of, ana)
    records = [
        account_record("a", "0.10", as_of=timezone.now()),
        account_record("b", "0.20", as_of=timezone.now()),
    ]
    await run_db(apply_accounts, place, records, timezone.now())
    assert "Net worth $0.30" in await page(ana)


async def test_another_currency_is_named_and_not_added(ana: User) -> None:
    place = await run_db(connection_of, ana)
    records = [
        account_record("a", "10.00", as_of=timezone.now()),
        account_record("b", "7.00", currency="EUR", as_of=timezone.now()),
    ]
    await run_db(apply_accounts, place, records, timezone.now())
    told = await page(ana)
    assert "Net worth $10.00" in told
    assert "Not in the total, because we know no exchange rate: €7.00" in told
    assert "Cash in EUR" in told


async def hold(user: User, **amounts: str) -> None:
    """Give a person an account in each of these currencies."""
    place = await run_db(connection_of, user)
    records = [
        account_record(currency, amount, currency=currency, as_of=timezone.now())
        for currency, amount in amounts.items()
    ]
    await run_db(apply_accounts, place, records, timezone.now())


async def test_t01_currencies_are_converted_and_the_rates_are_named(ana: User) -> None:
    day = date.today() - timedelta(days=2)  # noqa: DTZ011
    rates = [EuroRate(day, "USD", Decimal("1.25")), EuroRate(day, "JPY", Decimal(200))]
    await run_db(ExchangeRate.objects.add_missing, rates)
    await hold(ana, USD="10.00", EUR="8.00", JPY="-400", BTC="0.25")
    told = await page(ana)
    assert "Net worth $17.50" in told  # 10 + 8 × 1.25 − 400 × 1.25 / 200
    assert f"Converted to USD at ECB rates of {date_text(day)}" in told
    assert "Not in the total, because we know no exchange rate: BTC 0.25" in told
    assert "Owned and owed" in told


async def test_t01_without_a_rate_there_is_no_total_instead_of_zero(ana: User) -> None:
    await User.objects.filter(id=ana.id).aupdate(base_currency="EUR")
    await hold(ana, USD="10.00", ILS="7.00")
    told = await page(ana)
    assert "Net worth – not available" in told
    assert "No total in EUR, because we know no exchange rate: ₪7.00" in told
    assert "€0.00" not in told
    assert "Owned and owed" not in told


async def test_t01_one_currency_needs_no_rates_and_names_none(ana: User) -> None:
    await hold(ana, USD="10.00")
    told = await page(ana)
    assert "Net worth $10.00" in told
    assert "ECB" not in told
    assert "exchange rate" not in told


async def test_an_old_balance_says_that_it_is_stale(ana: User) -> None:
    place, before = await run_db(connection_of, ana), timezone.now() - timedelta(days=3)
    await run_db(apply_accounts, place, [account_record(as_of=before)], before)
    assert "as of 3 days ago Stale" in await page(ana)


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("expiring", "consent_expiring", "Your permission at Sandbox Bank ends soon"),
        ("reauth_required", "consent_expired", "Your permission at Sandbox Bank has run out"),
        ("revoked", "revoked_by_user", "The permission was withdrawn at Sandbox Bank"),
        ("degraded", "provider_unavailable", "Sandbox Bank does not answer at the moment"),
    ],
)
async def test_what_needs_the_person_comes_first(ana: User, state: str, reason: str, words: str) -> None:
    place = await run_db(connection_of, ana, state, state_reason=reason)
    await run_db(account_in, place)
    told = await page(ana)
    assert words in told
    assert told.index(words) < told.index("Net worth")


async def test_a_first_reading_under_way_is_shown_live(ana: User) -> None:
    place = await run_db(connection_of, ana)
    await SyncRun.objects.acreate(connection=place, trigger="initial", accounts_total=5, accounts_done=2)
    browser = await signed_in(ana)
    answer = await browser.get("/")
    assert f'data-sync-progress="{place.id}"' in answer.content.decode()
    assert "2 of 5 accounts read" in browser.text(answer)


@pytest.mark.parametrize("path", ["/transactions", "/cash-flow", "/investments", "/accounts/{account}"])
async def test_every_page_of_numbers_shows_an_update_under_way_and_is_read_anew_at_its_end(
    ana: User, path: str
) -> None:
    browser = await signed_in(ana)
    place = await run_db(connection_of, ana)
    if "{account}" in path:
        path = path.format(account=(await run_db(account_in, place)).id)
    run = await SyncRun.objects.acreate(connection=place, trigger="initial", accounts_total=5)
    answer = await browser.get(path)
    assert f'data-sync-progress="{place.id}"' in answer.content.decode()
    assert "being read" in browser.text(answer)
    assert " data-refresh>" in answer.content.decode()
    await SyncRun.objects.filter(id=run.id).aupdate(state="succeeded")
    assert "data-sync-progress" not in (await browser.get(path)).content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/connections",
        "/connections/{place}",
        "/transactions",
        "/cash-flow",
        "/investments",
        "/accounts/{account}",
    ],
)
async def test_updates_under_way_are_read_before_what_they_change(ana: User, path: str) -> None:
    """One that ends while a page is read is then seen as under way, and the page is read anew."""
    browser = await signed_in(ana)
    place = await run_db(connection_of, ana)
    path = path.format(place=place.id, account=(await run_db(account_in, place)).id)
    await browser.get("/connections/new")  # so that the session is in the cache
    async with listening() as said:
        assert (await browser.get(path)).status_code == 200
    assert "providers_syncrun" in next(each for each in said if "providers_" in each)


async def test_a_bank_disconnected_while_it_was_read_leaves_the_first_step(ana: User) -> None:
    place = await run_db(connection_of, ana, "disconnected")
    await SyncRun.objects.acreate(connection=place, trigger="initial", accounts_total=5, accounts_done=2)
    told = await page(ana)
    assert "Connect your first institution" in told
    for path in ("/", "/connections", f"/connections/{place.id}"):
        assert "accounts read" not in await page(ana, path)


async def test_the_range_is_chosen_by_link_and_anything_else_is_the_usual_one(ana: User) -> None:
    account = await run_db(account_in, await run_db(connection_of, ana))
    days = [BalanceRecord(date.today() - timedelta(days=300), Decimal(1), None)]  # noqa: DTZ011
    await run_db(apply_balances, account, days, timezone.now())
    browser = await signed_in(ana)
    pages = [await browser.get("/", {"range": key} if key else None) for key in ("1y", "';--", "")]
    since = [
        re.search(r"Up \$99.00 \(9,900.0%\) since (\S+ \S+ \S+)", browser.text(shown)) for shown in pages
    ]
    year, odd, usual = [found and found[1] for found in since]
    assert year
    assert odd == usual != year
    assert 'href="?range=1y#chart" aria-current="true"' in pages[0].content.decode()


async def test_a_disconnected_banks_accounts_stay_and_say_so(ana: User) -> None:
    await run_db(account_in, await run_db(connection_of, ana, "disconnected"))
    assert "Disconnected" in await page(ana)


async def test_a_hostile_description_stays_text(ana: User) -> None:
    account = await run_db(account_in, await run_db(connection_of, ana), name="<img src=x onerror=alert(1)>")
    await run_db(upsert_transactions, account, [row("1", description="<script>alert(1)</script>")])
    for path in ("/", f"/accounts/{account.id}", f"/connections/{account.connection_id}"):
        shown = (await (await signed_in(ana)).get(path)).content.decode()
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown


async def test_nobody_sees_anothers_money(ana: User, ben: User) -> None:
    await run_db(account_in, await run_db(connection_of, ana), name="Secret savings")
    told = await page(ben)
    assert "Secret savings" not in told
    assert "Connect your first institution" in told


async def test_ten_accounts_cost_as_many_queries_as_one(ana: User) -> None:
    place = await run_db(connection_of, ana)
    await run_db(account_in, place)
    browser = await signed_in(ana)
    one = await queries_of(browser, "/")
    for number in range(10):
        account = await run_db(account_in, await run_db(connection_of, ana), id=f"more{number}")
        await run_db(upsert_transactions, account, [row(str(number))])
    assert await queries_of(browser, "/") == one


# --- connections -----------------------------------------------------------------------------------


async def test_no_connections_teach_the_first_step(ana: User) -> None:
    assert "Nothing is connected yet" in await page(ana, "/connections")


@pytest.mark.parametrize(
    ("state", "offers", "not_offered"),
    [
        ("active", ["Update now", "Disconnect"], ["Reconnect"]),
        ("expiring", ["Update now", "Renew", "Disconnect"], []),
        ("degraded", ["Update now", "Reconnect", "Disconnect"], []),
        ("reauth_required", ["Reconnect", "Disconnect"], ["Update now"]),
        ("revoked", ["Reconnect", "Disconnect"], ["Update now"]),
        ("disconnected", ["Reconnect"], ["Update now", "Disconnect"]),
        ("pending", ["Start again", "Remove"], ["Update now", "Next update", "Permission ends"]),
    ],
)
async def test_each_state_offers_what_helps(
    ana: User, state: str, offers: list[str], not_offered: list[str]
) -> None:
    await run_db(connection_of, ana, state)
    content = (await (await signed_in(ana)).get("/connections")).content.decode()
    for words in offers:
        assert f">{words}<" in content
    for words in not_offered:
        assert f">{words}<" not in content


async def test_updating_now_queues_one_run_and_shows_it(ana: User) -> None:
    place = await run_db(connection_of, ana)
    browser = await signed_in(ana)
    await browser.get("/connections")
    for _ in range(2):
        answer = await browser.post(f"/connections/{place.id}/sync")
        assert (answer.status_code, answer["Location"]) == (303, f"/connections/{place.id}")
    assert await SyncRun.objects.filter(connection=place).acount() == 1
    shown = browser.text(await browser.get(answer["Location"]))
    assert "Reading Sandbox Bank" in shown
    assert "Update now" not in shown


async def test_an_update_under_way_is_what_the_connection_says(ana: User) -> None:
    place = await run_db(connection_of, ana, next_sync_at=timezone.now())
    paths = ("/connections", f"/connections/{place.id}")
    for path in paths:
        told = await page(ana, path)
        assert "Nothing has been read yet. The first update starts shortly." in told
        assert "Next update Shortly" in told
    await SyncRun.objects.acreate(connection=place, trigger="initial")
    for path in paths:
        told = await page(ana, path)
        assert "Being updated now." in told
        assert "Next update Under way" in told


async def test_an_update_to_come_says_when(ana: User) -> None:
    ahead = timezone.now() + timedelta(hours=3, minutes=5)
    await run_db(connection_of, ana, next_sync_at=ahead, last_success_at=timezone.now())
    told = await page(ana, "/connections")
    assert "Everything is up to date." in told
    assert "Next update in 3 hours" in told


@pytest.mark.parametrize(("state", "shown"), [("active", True), ("revoked", False), ("disconnected", False)])
async def test_an_ended_permission_has_no_end_to_come(ana: User, state: str, shown: bool) -> None:
    ends = timezone.now() + timedelta(days=90)
    place = await run_db(connection_of, ana, state, consent_expires_at=ends)
    for path in ("/connections", f"/connections/{place.id}"):
        told = await page(ana, path)
        assert ("Permission ends" in told) is shown
        assert ("Next update" in told) is shown


async def test_what_cannot_be_updated_says_why(ana: User) -> None:
    place = await run_db(connection_of, ana, "revoked")
    browser = await signed_in(ana)
    await browser.get("/connections")
    answer = await browser.post(f"/connections/{place.id}/sync")
    assert "cannot be synced" in browser.text(await browser.get(answer["Location"]))


async def test_an_updates_problems_are_told_in_words(ana: User) -> None:
    account = await run_db(account_in, await run_db(connection_of, ana), name="Everyday")
    await SyncRun.objects.acreate(
        connection_id=account.connection_id,
        trigger="scheduled",
        state="partial",
        accounts_total=2,
        accounts_done=1,
        added=1234,
        account_errors={str(account.id): "provider_unreadable"},
    )
    told = await page(ana, f"/connections/{account.connection_id}")
    assert "Everyday: Sandbox Bank sent something we could not read" in told
    assert "1 of 2" in told
    assert "1,234" in told


async def test_updates_are_paged_both_ways(ana: User) -> None:
    place, now = await run_db(connection_of, ana), timezone.now()
    for age in range(45):
        await SyncRun.objects.acreate(
            connection=place,
            trigger="manual",
            state="succeeded",
            created_at=now - timedelta(hours=age),
            added=age,
        )
    browser = await signed_in(ana)
    first = await browser.get(f"/connections/{place.id}")
    second = await browser.get(link(first, "Older"))
    third = await browser.get(link(second, "Older"))
    assert "Older<" not in third.content.decode()
    assert rows_of(await browser.get(link(third, "Newer"))) == rows_of(second)
    assert rows_of(await browser.get(link(second, "Newer"))) == rows_of(first)
    assert len(rows_of(first) + rows_of(second) + rows_of(third)) == 45


async def test_disconnecting_asks_once_and_says_what_stays(ana: User) -> None:
    place = await run_db(connection_of, ana)
    browser, url = await signed_in(ana), f"/connections/{place.id}/disconnect"
    told = browser.text(await browser.get(url))
    assert "access keys for this connection are erased at once" in told
    assert "transactions collected so far stay" in told
    await place.arefresh_from_db()
    assert place.state == "active"
    answer = await browser.post(url)
    await place.arefresh_from_db()
    assert (answer.status_code, place.state) == (303, "disconnected")
    assert "Sandbox Bank is disconnected" in browser.text(await browser.get("/connections"))


@pytest.mark.parametrize("path", ["", "/sync", "/disconnect", "/reconnect"])
async def test_somebody_elses_connection_is_not_there(
    ana: User, ben: User, bank: SandboxBank, path: str
) -> None:
    place = await run_db(connection_of, ana)
    browser = await signed_in(ben)
    await browser.get("/connections/new?provider=sandbox")
    for wanted in (place.id, uuid4()):
        answer = (
            await browser.post(f"/connections/{wanted}{path}")
            if path
            else await browser.get(f"/connections/{wanted}")
        )
        assert answer.status_code == 404
    await place.arefresh_from_db()
    assert place.state == "active"


@pytest.mark.parametrize("path", ["/sync", "/reconnect"])
async def test_changes_need_a_form(ana: User, path: str) -> None:
    place = await run_db(connection_of, ana)
    browser = await signed_in(ana)
    assert (await browser.get(f"/connections/{place.id}{path}")).status_code == 405
    assert (await browser.post(f"/connections/{place.id}{path}")).status_code == 403


def rows_of(answer: Any) -> list[str]:
    return re.findall(r'data-label="New"><data[^>]*value="(\d+)"', answer.content.decode())
