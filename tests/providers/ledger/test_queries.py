"""Reads of the ledger: a person sees their own data, all of it, once, and exactly."""

import functools
from collections.abc import Callable, Coroutine
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from dashtam import errors
from dashtam.api.keyset import after
from dashtam.api.paging import Listing, Page, page
from dashtam.api.views import encode
from dashtam.bridge.doors import run_db
from dashtam.cache import close_cache
from providers.connections.models import Connection
from providers.imports import queries as import_queries
from providers.ledger import queries as ledger_queries
from providers.ledger.cash_flow.intervals import points
from providers.ledger.ingest import apply_accounts, apply_balances, apply_holdings, upsert_transactions
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.queries.transactions import TransactionFilters
from providers.records import BalanceRecord, HoldingRecord, HoldingsRecord, SecurityRecord
from providers.sync import queries as sync_queries
from providers.sync.models import SyncRun
from tests.providers.ledger.test_ingest import NOON, account_record, pending, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def open_account(ana: User) -> Callable[..., FinancialAccount]:
    """Give somebody an account, each in a connection of its own."""

    def make(owner: User = ana, **fields: Any) -> FinancialAccount:
        connection = Connection.objects.create(user=owner, provider="sandbox", state="active")
        return apply_accounts(connection, [account_record(**fields)], NOON)[0]

    return make


async def walk(ask: Callable[[Page], Any], limit: int) -> list[Any]:
    """All rows, page by page through the cursors as a client sees them."""
    rows: list[Any] = []
    cursor: str | None = None
    while True:
        request = SimpleNamespace(GET={"limit": str(limit)} | ({"cursor": cursor} if cursor else {}))
        listing: Listing[Any] = await ask(page(request))
        rows += listing.results
        assert len(rows) < 100, "the pages never end"
        cursor = listing.next_cursor
        if cursor is None:
            return rows


# --- accounts ----------------------------------------------------------------------------------------


async def test_accounts_have_exactly_the_promised_shape(open_account: Any, ana: User) -> None:
    account = await run_db(open_account, current="1234.5", limit=Decimal(0))
    found = (await ledger_queries.accounts(ana.id)).results[0]
    assert found["id"] == account.id
    assert dict(found["balances"]) == {
        "current": "1234.50",
        "available": None,
        "limit": "0.00",
        "lacks": "",
        "as_of": NOON,
        "fetched_at": NOON,
        "source": "feed",
        "stale": True,
    }
    assert (found["provider"], found["connection_state"], found["type"]) == (
        "sandbox",
        "active",
        "depository",
    )
    assert await ledger_queries.account(ana.id, account.id) == found


async def test_accounts_come_by_type_and_name_each_once_at_any_page_size(
    ana: User, open_account: Any
) -> None:
    for name, kind in [
        ("B", "depository"),
        ("A", "depository"),
        ("A", "depository"),
        ("Z", "credit"),
        ("", "loan"),
    ]:
        await run_db(open_account, name=name, type=kind)
    expected = [("credit", "Z"), ("depository", "A"), ("depository", "A"), ("depository", "B"), ("loan", "")]
    for limit in (1, 2, 3, 500):
        rows = await walk(lambda page: ledger_queries.accounts(ana.id, page), limit)
        assert [(row["type"], row["name"]) for row in rows] == expected
        assert len({row["id"] for row in rows}) == 5


async def test_accounts_of_an_ended_connection_stay_and_say_so(ana: User, open_account: Any) -> None:
    await run_db(open_account)
    await Connection.objects.aupdate(state="disconnected")
    assert [row["connection_state"] for row in (await ledger_queries.accounts(ana.id)).results] == [
        "disconnected"
    ]


async def test_nobody_sees_anything_of_somebody_else(ana: User, ben: User, open_account: Any) -> None:
    account = await run_db(open_account)
    await run_db(upsert_transactions, account, [row("a")])
    transaction = await Transaction.objects.aget()
    for listing in (
        ledger_queries.accounts(ben.id),
        ledger_queries.transactions(ben.id),
        ledger_queries.holdings(ben.id),
    ):
        assert (await listing).results == []
    for question in (
        ledger_queries.account(ben.id, account.id),
        ledger_queries.transactions(ben.id, account_id=account.id),
        ledger_queries.transaction(ben.id, transaction.id),
        ledger_queries.holdings(ben.id, account_id=account.id),
        ledger_queries.balances(ben.id, account.id),
        sync_queries.sync_runs(ben.id, account.connection_id),
        ledger_queries.account(ana.id, uuid4()),
    ):
        with pytest.raises(errors.NotFound):
            await question


# --- transactions --------------------------------------------------------------------------------------


def days(count: int) -> list[Any]:
    return [row(f"t{n:03}", f"{n}.10", date=date(2026, 1, 1) + timedelta(days=n // 3)) for n in range(count)]


async def test_transactions_come_newest_first_each_once_at_any_page_size(
    ana: User, open_account: Any
) -> None:
    account = await run_db(open_account)
    await run_db(upsert_transactions, account, days(20))
    whole = [row["id"] for row in (await ledger_queries.transactions(ana.id)).results]
    dates = [row["date"] for row in (await ledger_queries.transactions(ana.id)).results]
    assert dates == sorted(dates, reverse=True)
    for limit in (1, 2, 7, 20):
        for account_id in (None, account.id):
            ask = functools.partial(_ask, ana.id, account_id)
            assert [row["id"] for row in await walk(ask, limit)] == whole


async def _ask(user_id: UUID, account_id: UUID | None, page: Page) -> Listing[Any]:
    return await ledger_queries.transactions(user_id, page=page, account_id=account_id)


async def test_a_row_that_arrives_between_two_pages_shifts_nothing(ana: User, open_account: Any) -> None:
    account = await run_db(open_account)
    await run_db(upsert_transactions, account, days(9))
    seen = [found["id"] for found in await walk(lambda page: _with_arrival(ana, account, page), 3)]
    assert len(seen) == len(set(seen)) == 9


async def _with_arrival(ana: User, account: FinancialAccount, page: Page) -> Listing[Any]:
    listing = await ledger_queries.transactions(ana.id, page=page)
    await run_db(upsert_transactions, account, [row(f"new-{page.after}"[:200], date=date(2026, 6, 1))])
    return listing


async def test_transactions_have_exactly_the_promised_shape(ana: User, open_account: Any) -> None:
    account = await run_db(open_account)
    bought = row(
        "b", "-250.05", kind="buy", security_id="s1", quantity=Decimal("2.5"), price=Decimal("100.02")
    )
    await run_db(upsert_transactions, account, [bought])
    acme = SecurityRecord("s1", "ACME", "Acme", "stock", "", "", "USD")
    await run_db(apply_holdings, account, HoldingsRecord(NOON, [], [acme]), NOON)
    found = (await ledger_queries.transactions(ana.id)).results[0]
    assert {
        name: found[name] for name in ("amount", "symbol", "quantity", "price", "fees", "status", "note")
    } == {
        "amount": "-250.05",
        "symbol": "ACME",
        "quantity": "2.5",
        "price": "100.02",
        "fees": None,
        "status": "posted",
        "note": "",
    }
    assert await ledger_queries.transaction(ana.id, found["id"]) == found
    assert b"e-" not in encode(found["amount"])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (TransactionFilters(start=date(2026, 3, 2)), {"b", "c"}),
        (TransactionFilters(end=date(2026, 3, 2)), {"a", "b"}),
        (TransactionFilters(status="pending"), {"c"}),
        (TransactionFilters(kind="deposit"), {"b"}),
        (TransactionFilters(q="CAFÉ"), {"a"}),
        (TransactionFilters(q="100%"), {"b"}),
        (TransactionFilters(q="_"), set()),
        (TransactionFilters(min_amount=Decimal(0)), {"b"}),
        (TransactionFilters(max_amount=Decimal("-4.50")), {"a"}),
        (TransactionFilters(min_amount=Decimal("-4.50"), max_amount=Decimal("-4.50")), {"a"}),
        (TransactionFilters(q="x' OR 1=1 --"), set()),
    ],
)
async def test_filters_narrow_the_list(
    ana: User, open_account: Any, filters: TransactionFilters, expected: set[str]
) -> None:
    account = await run_db(open_account)
    rows = [
        row("a", "-4.50", date=date(2026, 3, 1), description="Café Zoë"),
        row("b", "900", date=date(2026, 3, 2), description="100% bonus", kind="deposit"),
        pending("c", "-1", date=date(2026, 3, 3), description="Tram"),
    ]
    await run_db(upsert_transactions, account, rows)
    names = dict(await run_db(lambda: list(Transaction.objects.values_list("id", "provider_transaction_id"))))
    found = await ledger_queries.transactions(ana.id, filters)
    assert {names[row["id"]] for row in found.results} == expected


@pytest.mark.parametrize(
    "after", [("2026-01-01",), ("x", "y"), ("2026-01-01", "not an id"), ("", ""), ("1", "2", "3")]
)
async def test_a_cursor_of_another_list_is_refused(ana: User, after: tuple[str, ...]) -> None:
    for question in (
        ledger_queries.transactions(ana.id, page=Page(after=after)),
        ledger_queries.holdings(ana.id, Page(after=(*after, "z"))),
    ):
        with pytest.raises(errors.ValidationFailed):
            await question


def test_a_deep_page_is_found_by_the_index(ana: User, open_account: Any) -> None:
    account = open_account()
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO providers_transaction (id, user_id, account_id, provider_transaction_id, date, status, amount,
                currency, description, kind, source_code, category, note, replaced_id, first_seen_at, updated_at)
            SELECT gen_random_uuid(), %s, %s, 'n' || n, date '2000-01-01' + n / 20, 'posted', 1,
                'USD', '', 'x', '', '', '', '', now(), now()
            FROM generate_series(1, 20000) n
            """,
            [ana.id, account.id],
        )
        cursor.execute("ANALYZE providers_transaction")
    deep = Page(after=("2000-03-01", str(uuid4())))
    for rows, index in (
        (Transaction.objects.filter(account_id=account.id), "transaction_by_account"),
        (Transaction.objects.filter(user_id=ana.id), "transaction_by_user"),
    ):
        plan = after(rows, deep, minus_date=date.fromisoformat, minus_id=UUID)[:51].explain()
        assert f"Index Scan using {index}" in plan
        assert "Sort" not in plan
        assert "Seq Scan" not in plan


async def queries_of(question: Coroutine[Any, Any, Any]) -> int:
    captured = CaptureQueriesContext(database)
    await run_db(captured.__enter__)
    await question
    await run_db(captured.__exit__, None, None, None)
    return await run_db(len, captured)


async def test_reads_take_the_same_number_of_queries_for_one_row_or_many(
    ana: User, open_account: Any
) -> None:
    for size in (1, 30):
        account = await run_db(open_account, id=f"of {size}")
        await run_db(upsert_transactions, account, days(size))
        asked = (
            (1, ledger_queries.accounts(ana.id)),
            (1, ledger_queries.transactions(ana.id)),
            (1, ledger_queries.transactions(ana.id, account_id=account.id)),
            (1, ledger_queries.holdings(ana.id)),
            (1, import_queries.imports(ana.id)),
            (2, ledger_queries.balances(ana.id, account.id)),
            (2, sync_queries.sync_runs(ana.id, account.connection_id)),
            (3, ledger_queries.net_worth(ana.id, date(2026, 3, size), currency="USD")),
            (4, ledger_queries.net_worth(ana.id, currency=f"X{size:02}")),
        )
        for count, question in asked:
            assert await queries_of(question) == count


# --- holdings, balances, runs --------------------------------------------------------------------------


async def test_holdings_have_exactly_the_promised_shape(ana: User, open_account: Any) -> None:
    account = await run_db(open_account, type="investment")
    acme = SecurityRecord("s1", "ACME", "Acme", "stock", "037833100", "US0378331005", "USD")
    held = HoldingRecord("s1", Decimal("0.00052"), Decimal("10.5"), None, Decimal(15), "USD")
    await run_db(apply_holdings, account, HoldingsRecord(NOON, [held], [acme]), NOON)
    found = (await ledger_queries.holdings(ana.id)).results[0]
    assert found["security"] == {
        "symbol": "ACME",
        "name": "Acme",
        "type": "stock",
        "cusip": "037833100",
        "isin": "US0378331005",
    }
    numbers = [found[name] for name in ("quantity", "price", "market_value", "cost_basis")]
    assert numbers == ["0.00052", "10.5", None, "15.00"]


async def test_balances_of_a_range_come_newest_first(ana: User, open_account: Any) -> None:
    account = await run_db(open_account, currency="JPY")
    history = [BalanceRecord(date(2026, 3, n), Decimal(n * 100), None) for n in range(1, 7)]
    await run_db(apply_balances, account, history)
    listing = await ledger_queries.balances(ana.id, account.id, date(2026, 3, 2), date(2026, 3, 4))
    assert [(row["date"].day, row["current"]) for row in listing.results] == [
        (4, "400"),
        (3, "300"),
        (2, "200"),
    ]


async def test_runs_come_newest_first(ana: User, open_account: Any) -> None:
    account = await run_db(open_account)
    for state in ("failed", "succeeded", "queued"):
        await SyncRun.objects.acreate(connection_id=account.connection_id, state=state, trigger="manual")
    rows = await walk(lambda page: sync_queries.sync_runs(ana.id, account.connection_id, page), 2)
    assert [row["state"] for row in rows] == ["queued", "succeeded", "failed"]


# --- net worth ------------------------------------------------------------------------------------------


async def test_net_worth_carries_the_last_known_balance_forward(ana: User, open_account: Any) -> None:
    bank = await run_db(open_account, current="100.00")
    card = await run_db(open_account, current="-30.00", type="credit")
    await run_db(apply_balances, bank, [BalanceRecord(date(2026, 3, 5), Decimal(50), None)])
    answer = await ledger_queries.net_worth(ana.id, date(2026, 3, 3), date(2026, 3, 10), "day", "USD")
    assert (answer["total"], answer["assets"], answer["liabilities"]) == ("70.00", "100.00", "-30.00")
    assert answer["as_of"] == NOON
    assert [(point["date"].day, point["total"]) for point in answer["series"]] == [
        *((day, "50.00") for day in range(5, 9)),
        (9, "70.00"),
        (10, "70.00"),
    ]
    assert card.balance_current == Decimal(-30)


async def test_other_currencies_are_listed_and_never_added(ana: User, open_account: Any) -> None:
    await run_db(open_account, current="100.00")
    await run_db(open_account, current="5000", currency="JPY")
    answer = await ledger_queries.net_worth(ana.id, end=NOON.date(), currency="USD")
    assert answer["total"] == "100.00"
    assert answer["unconverted"] == [
        {"currency": "JPY", "total": "5000", "assets": "5000", "liabilities": "0"}
    ]


async def test_net_worth_of_a_person_without_accounts_is_not_known(ana: User) -> None:
    answer = await ledger_queries.net_worth(ana.id, currency="EUR")
    assert (answer["total"], answer["as_of"], answer["series"]) == (None, None, [])


async def test_net_worth_changes_at_once_when_a_balance_lands(ana: User, open_account: Any) -> None:
    account = await run_db(open_account, current="100.00")
    end = NOON.date()
    assert (await ledger_queries.net_worth(ana.id, end=end))["total"] == "100.00"
    later = account_record(current="7.00", as_of=NOON + timedelta(hours=1))
    await run_db(apply_accounts, account.connection, [later], NOON)
    assert (await ledger_queries.net_worth(ana.id, end=end))["total"] == "7.00"


async def test_net_worth_is_the_same_from_the_cache_and_without_it(
    ana: User, open_account: Any, settings: Any
) -> None:
    await run_db(open_account, current="100.00")
    first = await ledger_queries.net_worth(ana.id, end=NOON.date())
    again = await ledger_queries.net_worth(ana.id, end=NOON.date())
    await close_cache()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert first == again == await ledger_queries.net_worth(ana.id, end=NOON.date())


async def test_a_closed_account_counts_until_the_day_it_closed(ana: User, open_account: Any) -> None:
    account = await run_db(open_account, current="100.00")
    await run_db(
        apply_accounts, account.connection, [account_record("other", "1.00")], NOON + timedelta(days=3)
    )
    answer = await ledger_queries.net_worth(ana.id, NOON.date(), NOON.date() + timedelta(days=4))
    assert [point["total"] for point in answer["series"]] == ["101.00", "101.00", "101.00", "1.00", "1.00"]


def test_points_end_with_the_range() -> None:
    start = date(2026, 1, 30)
    assert list(points(start, date(2026, 2, 1), "day")) == [
        date(2026, 1, 30),
        date(2026, 1, 31),
        date(2026, 2, 1),
    ]
    assert list(points(start, date(2026, 2, 15), "week")) == [
        start,
        date(2026, 2, 6),
        date(2026, 2, 13),
        date(2026, 2, 15),
    ]
    ends = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    assert list(points(start, date(2026, 3, 31), "month")) == ends
    assert list(points(start, start, "month")) == [start]


@pytest.mark.parametrize(
    ("start", "end", "interval"),
    [(date(2026, 2, 1), date(2026, 1, 1), "day"), (date(1900, 1, 1), date(2026, 1, 1), "day")],
)
async def test_a_range_nobody_can_mean_is_refused(ana: User, start: date, end: date, interval: Any) -> None:
    with pytest.raises(errors.ValidationFailed):
        await ledger_queries.net_worth(ana.id, start, end, interval)


async def test_lists_say_the_same_whether_they_are_filtered_or_not(ana: User, open_account: Any) -> None:
    account = await run_db(open_account)
    await run_db(upsert_transactions, account, [*days(30), pending(id="odd", amount="0.123456789012345678")])
    all_of_them = TransactionFilters(start=date(1900, 1, 1))
    for which in ({}, {"account_id": account.id}):
        for cursor in (
            None,
            (await ledger_queries.transactions(ana.id, page=Page(limit=7), **which)).next_cursor,
        ):
            wanted = page(SimpleNamespace(GET={"limit": "10"} | ({"cursor": cursor} if cursor else {})))
            plain = await ledger_queries.transactions(ana.id, page=wanted, **which)
            assert len(plain.results) == 10
            assert plain == await ledger_queries.transactions(ana.id, all_of_them, wanted, **which)
