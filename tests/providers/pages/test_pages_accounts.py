"""One account's page: balances, holdings, and transactions to search and page through."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.ledger.ingest import apply_accounts, apply_balances, apply_holdings, upsert_transactions
from providers.ledger.models import FinancialAccount
from providers.records import BalanceRecord, HoldingRecord, HoldingsRecord, SecurityRecord
from tests.providers.ledger.test_ingest import account_record, pending, row
from tests.providers.pages.browsing import link, queries_of, signed_in

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 9)


def open_account(user: User, *, state: str = "active", **fields: Any) -> FinancialAccount:
    place = Connection.objects.create(user=user, provider="sandbox", state=state)
    given = {"as_of": timezone.now()} | fields
    return apply_accounts(place, [account_record(**given)], timezone.now())[0]


async def shown(user: User, account: FinancialAccount, query: Any = None, status: int = 200) -> str:
    browser = await signed_in(user)
    answer = await browser.get(f"/accounts/{account.id}", query)
    assert answer.status_code == status
    return browser.text(answer)


@pytest.fixture
def account(ana: User) -> FinancialAccount:
    return open_account(ana, current="1234.50", available=Decimal(1200), limit=Decimal(500))


@pytest.fixture
def movements(account: FinancialAccount) -> FinancialAccount:
    rows = [
        row("coffee", "-4.50", description="Corner Café", date=DAY, category="DINING"),
        row("rent", "-900", description="Ropewalk rent", date=DAY - timedelta(days=8), kind="payment"),
        row("pay", "2500", description="Payroll", date=DAY - timedelta(days=20), kind="deposit"),
        pending("fuel", "-40", description="Gullwing Fuel", date=DAY + timedelta(days=1)),
    ]
    upsert_transactions(account, rows)
    return account


async def test_the_head_shows_every_balance_and_how_old_it_is(ana: User, account: FinancialAccount) -> None:
    told = await shown(ana, account)
    for words in (
        "$1,234.50",
        "Available",
        "$1,200.00",
        "Limit",
        "$500.00",
        "as of just now",
        "Fetched by Dashtam",
    ):
        assert words in told


async def test_a_balance_that_is_zero_is_a_balance(ana: User) -> None:
    account = await run_db(open_account, ana, available=Decimal(0))
    assert "Available" in await shown(ana, account)


async def test_the_line_is_told_in_words_and_numbers(ana: User, account: FinancialAccount) -> None:
    today = timezone.now().date()
    days = [BalanceRecord(today - timedelta(days=30), Decimal(1000), None)]
    await run_db(apply_balances, account, days, timezone.now())
    told = await shown(ana, account, {"range": "3m"})
    assert "the balance rose from $1,000.00 to $1,234.50" in told
    assert "Up $234.50 (23.4%) since" in told
    assert "Show these numbers as a table" in told


async def test_holdings_show_cost_and_gain(ana: User) -> None:
    account = await run_db(open_account, ana, type="investment", subtype="brokerage")
    held = HoldingRecord("vti", Decimal("2.5"), Decimal(100), Decimal(250), Decimal(200), "USD")
    security = SecurityRecord("vti", "VTI", "Total Market <b>Fund</b>", "etf", "", "", "USD")
    await run_db(apply_holdings, account, HoldingsRecord(timezone.now(), [held], [security]), timezone.now())
    told = await shown(ana, account)
    for words in ("Total Market &lt;b&gt;Fund", "VTI", "2.5", "$250.00", "$200.00", "+$50.00", "+25.0%"):
        assert words in told


async def test_transactions_come_by_day_and_pending_ones_are_marked(
    ana: User, movements: FinancialAccount
) -> None:
    told = await shown(ana, movements)
    order = [
        told.index(words)
        for words in ("10 Mar 2026", "Gullwing Fuel", "9 Mar 2026", "Corner Café", "Payroll")
    ]
    assert order == sorted(order)
    assert "Gullwing Fuel Pending" in told
    assert "Corner Café Pending" not in told
    assert "−$4.50" in told
    assert "+$2,500.00" in told


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "CORNER"}, {"Corner Café"}),
        ({"q": "dining"}, {"Corner Café"}),
        ({"from": "2026-03-09"}, {"Corner Café", "Gullwing Fuel"}),
        ({"from": "2026-02-01", "to": "2026-03-01"}, {"Ropewalk rent", "Payroll"}),
        ({"status": "pending"}, {"Gullwing Fuel"}),
        ({"kind": "deposit"}, {"Payroll"}),
        ({"min_amount": "0"}, {"Payroll"}),
        ({"min_amount": "-50", "max_amount": "-5"}, {"Gullwing Fuel"}),
        ({"min_amount": "−50", "max_amount": "−5"}, {"Gullwing Fuel"}),
        ({"q": "%"}, set()),
    ],
)
async def test_filters_narrow_the_list(
    ana: User, movements: FinancialAccount, query: Any, found: set[str]
) -> None:
    told = await shown(ana, movements, query)
    everything = {"Corner Café", "Ropewalk rent", "Payroll", "Gullwing Fuel"}
    assert {words for words in everything if words in told} == found


async def test_filters_that_find_nothing_can_be_cleared(ana: User, movements: FinancialAccount) -> None:
    browser = await signed_in(ana)
    content = (await browser.get(f"/accounts/{movements.id}", {"q": "no such thing"})).content.decode()
    assert "No transactions match these filters" in content
    assert f'href="/accounts/{movements.id}#transactions">Clear the filters</a>' in content


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"from": "yesterday"}, "Give a date such as 2026-03-09."),
        ({"from": "2026-03-09", "to": "2026-03-01"}, "This day is before the first one."),
        ({"min_amount": "1,5"}, "Give an amount such as 12.50"),
        ({"min_amount": "NaN"}, "Give an amount such as 12.50"),
        ({"min_amount": "5", "max_amount": "1"}, "This is less than the first amount."),
        ({"status": "lost"}, "Choose Posted or Pending."),
        ({"kind": "magic"}, "Choose one of the kinds listed."),
        ({"q": "a\x00b"}, "This has a character that cannot be searched for."),
        ({"q": "a" * 201}, "Search for at most 200 characters."),
        ({"min_amount": "1e400"}, "Give an amount with at most 18 digits before the point"),
        ({"max_amount": "1e-19"}, "Give an amount with at most 18 digits before the point"),
    ],
)
async def test_a_filter_that_makes_no_sense_says_so_beside_it(
    ana: User, movements: FinancialAccount, query: Any, error: str
) -> None:
    told = await shown(ana, movements, query, status=422)
    assert told.count(error) == 2  # in the summary and beside the field
    assert "Corner Café" not in told


async def test_what_was_typed_stays_and_is_escaped(ana: User, movements: FinancialAccount) -> None:
    query = {"q": '"><script>', "min_amount": "abc", "range": "1y"}
    content = (await (await signed_in(ana)).get(f"/accounts/{movements.id}", query)).content.decode()
    assert 'value="&quot;&gt;&lt;script&gt;"' in content
    assert 'value="abc"' in content
    assert '<input type="hidden" name="range" value="1y"' in content


async def test_choosing_a_range_keeps_the_filters(ana: User, movements: FinancialAccount) -> None:
    content = (await (await signed_in(ana)).get(f"/accounts/{movements.id}", {"q": "rent"})).content.decode()
    assert 'href="?q=rent&amp;range=1m#chart"' in content


async def test_pages_lead_there_and_back_with_the_filters(ana: User, account: FinancialAccount) -> None:
    rows = [
        row(f"{number}", f"-{number}", date=DAY - timedelta(days=number // 3)) for number in range(1, 131)
    ]
    await run_db(upsert_transactions, account, rows)
    browser = await signed_in(ana)
    first = await browser.get(f"/accounts/{account.id}", {"max_amount": "-1"})
    second = await browser.get(link(first, "Older"))
    third = await browser.get(link(second, "Older"))
    assert sum(len(amounts(page)) for page in (first, second, third)) == 130
    assert len(set(amounts(first) + amounts(second) + amounts(third))) == 130
    assert amounts(await browser.get(link(third, "Newer"))) == amounts(second)
    assert link(second, "Newer") == f"/accounts/{account.id}?max_amount=-1"
    assert ">Newer<" not in first.content.decode()


async def test_a_cursor_from_elsewhere_is_refused(ana: User, movements: FinancialAccount) -> None:
    browser = await signed_in(ana)
    assert (await browser.get(f"/accounts/{movements.id}", {"cursor": "rubbish"})).status_code == 400


async def test_an_empty_account_says_what_will_come(ana: User, account: FinancialAccount) -> None:
    assert "No transactions yet" in await shown(ana, account)


async def test_trouble_with_its_connection_is_told_with_the_remedy(ana: User) -> None:
    account = await run_db(open_account, ana, state="reauth_required")
    assert "Sandbox Bank wants you to sign in again" in await shown(ana, account)


async def test_somebody_elses_account_is_not_there(ana: User, ben: User, account: FinancialAccount) -> None:
    browser = await signed_in(ben)
    for wanted in (account.id, uuid4()):
        answer = await browser.get(f"/accounts/{wanted}")
        assert answer.status_code == 404
        assert "1,234" not in answer.content.decode()


async def test_many_transactions_cost_as_many_queries_as_few(ana: User, account: FinancialAccount) -> None:
    browser, path = await signed_in(ana), f"/accounts/{account.id}"
    rows = [row(str(number), posted_at=datetime(2026, 3, 9, tzinfo=UTC)) for number in range(120)]
    await run_db(upsert_transactions, account, rows[:1])
    few = await queries_of(browser, path)
    await run_db(upsert_transactions, account, rows)
    assert await queries_of(browser, path) == few


def amounts(answer: Any) -> list[str]:
    return re.findall(r'data-label="Amount"><data[^>]*value="([-\d.]+)"', answer.content.decode())
