"""Identity over time: in whatever order the pages come, the same rows result."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import User
from providers.connections.models import Connection
from providers.errors import ProviderUnreadable
from providers.ledger.ingest import Counts, apply_accounts, apply_balances, apply_holdings
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Security, Transaction
from providers.records import (
    AccountRecord,
    BalanceRecord,
    HoldingRecord,
    HoldingsRecord,
    SecurityRecord,
    TransactionRecord,
    TransactionsPage,
)
from tests.providers.ledger.pages import apply_transactions

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)


def row(id: str, amount: str = "-4.50", **fields: Any) -> TransactionRecord:
    given: dict[str, Any] = {
        "date": date(2026, 3, 9),
        "posted_at": NOON,
        "status": "posted",
        "currency": "USD",
        "description": "Corner Café",
        "kind": "purchase",
    }
    return TransactionRecord(id=id, amount=Decimal(amount), **given | fields)


def pending(id: str, amount: str = "-4.50", **fields: Any) -> TransactionRecord:
    return row(id, amount, status="pending", posted_at=None, **fields)


def page(
    *added: TransactionRecord, then: str = "next", modified: Any = (), removed: Any = ()
) -> TransactionsPage:
    return TransactionsPage(list(added), list(modified), list(removed), then, has_more=False)


def account_record(id: str = "checking", current: str | None = "100.00", **fields: Any) -> AccountRecord:
    given: dict[str, Any] = {
        "name": "Everyday",
        "mask": "1234",
        "type": "depository",
        "subtype": "checking",
        "currency": "USD",
        "available": None,
        "limit": None,
        "as_of": NOON,
    }
    return AccountRecord(id=id, current=None if current is None else Decimal(current), **given | fields)


@pytest.fixture
def connection(ana: User) -> Connection:
    return Connection.objects.create(user=ana, provider="sandbox", state="active")


@pytest.fixture
def account(connection: Connection) -> FinancialAccount:
    return apply_accounts(connection, [account_record()], NOON)[0]


def ids(account: FinancialAccount) -> list[str]:
    return sorted(account.transactions.values_list("provider_transaction_id", flat=True))


def test_rows_and_cursor_land_together(account: FinancialAccount) -> None:
    assert apply_transactions(account, page(row("a"), row("b"), then="c1"), "") == Counts(added=2)
    account.refresh_from_db()
    assert account.transactions_cursor == "c1"
    assert ids(account) == ["a", "b"]


def test_a_page_read_twice_changes_nothing(account: FinancialAccount) -> None:
    apply_transactions(account, page(row("a"), pending("b")), "")
    before = list(account.transactions.order_by("id").values())
    assert apply_transactions(account, page(row("a"), pending("b")), "next") == Counts()
    assert list(account.transactions.order_by("id").values()) == before


def test_two_equal_payments_under_two_ids_stay_two(account: FinancialAccount) -> None:
    assert apply_transactions(account, page(row("a"), row("b")), "").added == 2
    assert account.transactions.filter(amount=Decimal("-4.50"), description="Corner Café").count() == 2


def test_a_change_counts_once_and_leaves_the_persons_note(account: FinancialAccount) -> None:
    apply_transactions(account, page(row("a"), row("b")), "")
    account.transactions.filter(provider_transaction_id="a").update(note="lunch with Ben")
    assert apply_transactions(account, page(modified=[row("a", "-5.00"), row("b")]), "next") == Counts(
        modified=1
    )
    changed = account.transactions.get(provider_transaction_id="a")
    assert (changed.amount, changed.note) == (Decimal(-5), "lunch with Ben")


def test_a_posted_row_takes_over_the_pending_ones_id_and_note(account: FinancialAccount) -> None:
    apply_transactions(account, page(pending("p")), "")
    account.transactions.update(note="tip in cash")
    was = account.transactions.get()
    counts = apply_transactions(
        account, page(row("t", "-5.40", replaced_pending_id="p"), removed=["p"]), "next"
    )
    now = account.transactions.get()
    assert counts == Counts(modified=1)
    assert (now.id, now.note, now.status, now.amount) == (was.id, "tip in cash", "posted", Decimal("-5.40"))


def test_a_posted_row_finds_its_pending_form_even_when_the_removal_came_a_page_earlier(
    account: FinancialAccount,
) -> None:
    apply_transactions(account, page(pending("p")), "")
    account.transactions.update(note="tip in cash")
    was = account.transactions.get()
    assert apply_transactions(account, page(removed=["p"]), "next") == Counts(removed=1)
    assert apply_transactions(account, page(row("t", replaced_pending_id="p")), "next") == Counts(added=1)
    now = account.transactions.get()
    assert (now.id, now.note, now.first_seen_at) == (was.id, "tip in cash", was.first_seen_at)


def test_a_pending_row_that_has_posted_does_not_come_back_with_an_old_page(account: FinancialAccount) -> None:
    apply_transactions(account, page(pending("p")), "")
    apply_transactions(account, page(row("t", replaced_pending_id="p"), removed=["p"]), "next")
    assert apply_transactions(account, page(pending("p")), "next") == Counts()
    assert ids(account) == ["t"]


def test_a_row_that_vanished_and_reappeared_keeps_its_id_and_note(account: FinancialAccount) -> None:
    apply_transactions(account, page(row("a")), "")
    account.transactions.update(note="rent")
    was = account.transactions.get()
    apply_transactions(account, page(removed=["a"]), "next")
    apply_transactions(account, page(row("a")), "next")
    assert (account.transactions.get().id, account.transactions.get().note) == (was.id, "rent")


def test_two_posted_rows_may_name_the_same_pending_one(account: FinancialAccount) -> None:
    apply_transactions(account, page(pending("p")), "")
    halves = [row("t1", "-2.00", replaced_pending_id="p"), row("t2", "-2.50", replaced_pending_id="p")]
    assert apply_transactions(account, page(*halves, removed=["p"]), "next") == Counts(added=1, modified=1)
    assert ids(account) == ["t1", "t2"]


def test_removing_what_we_never_had_counts_nothing(account: FinancialAccount) -> None:
    assert apply_transactions(account, page(removed=["never"]), "") == Counts()


@pytest.mark.parametrize(
    "bad",
    [
        row("a", "1e32"),
        row("a", "NaN"),
        row("a", "Infinity"),
        row("a", "1e-33"),
        row("a", "1e-999999999"),
        row("a", "123456789012345678.000000000000000000000000000000001"),
        row("a", quantity=Decimal("1e400")),
        row("a", replaced_pending_id="x" * 256),
        row("x" * 256, "1"),
        row("a", currency="US dollars"),
        row("a", currency="<b>"),
        row("a", currency="x" * 33),
        row("a", currency=""),
        row("a", security_id="x" * 201),
    ],
)
def test_a_page_with_an_impossible_value_is_refused_whole(
    account: FinancialAccount, bad: TransactionRecord
) -> None:
    with pytest.raises(ProviderUnreadable):
        apply_transactions(account, page(row("good"), bad), "")
    account.refresh_from_db()
    assert (ids(account), account.transactions_cursor) == ([], "")


@pytest.mark.parametrize("unit", ["USD", "BTC", "USDC.e", "chase:points", "x" * 32])
def test_t12_units_may_be_more_than_currencies(account: FinancialAccount, unit: str) -> None:
    apply_transactions(account, page(row("a", currency=unit)), "")
    assert account.transactions.get().currency == unit


@pytest.mark.parametrize(
    "amount",
    ["0.3", "0.0000001", "-0.00", "999999999999999999.999999999999999999", "0E-50", "1.50000000000000000000"],
)
def test_amounts_come_back_exactly(account: FinancialAccount, amount: str) -> None:
    apply_transactions(account, page(row("a", amount)), "")
    assert account.transactions.get().amount == Decimal(amount)


def test_text_no_column_can_hold_is_cleaned_not_refused(account: FinancialAccount) -> None:
    apply_transactions(
        account, page(row("a", description="Ca\x00fé \ud800 " + "x" * 2000, category="c" * 200)), ""
    )
    stored = account.transactions.get()
    assert stored.description.startswith("Café ? xxx")
    assert (len(stored.description), len(stored.category)) == (1000, 80)


def test_a_backslash_that_only_looks_like_nul_stays(account: FinancialAccount) -> None:
    apply_transactions(account, page(row("a", description="C:\\u0000")), "")
    assert account.transactions.get().description == "C:\\u0000"


def test_a_security_named_before_it_is_described_gets_its_symbol_later(account: FinancialAccount) -> None:
    apply_transactions(account, page(row("a", kind="buy", security_id="s1", quantity=Decimal(2))), "")
    described = SecurityRecord("s1", "ACME", "Acme Corp", "stock", "", "", "USD")
    apply_holdings(account, HoldingsRecord(NOON, [], [described]), NOON)
    assert account.transactions.get().security.symbol == "ACME"  # type: ignore[union-attr]


def test_a_page_takes_the_same_number_of_statements_whatever_its_size(
    account: FinancialAccount,
) -> None:
    apply_transactions(account, page(row("first")), "")
    counts = []
    for size in (1, 60):
        rows = [row(f"{size}-{n}", security_id=f"s{n % 3}", replaced_pending_id=f"p{n}") for n in range(size)]
        account = FinancialAccount.objects.select_related("connection").get()
        with CaptureQueriesContext(database) as captured:
            apply_transactions(account, page(*rows, removed=["x"]), account.transactions_cursor)
        counts.append(len(captured))
    assert counts[0] == counts[1] < 28


# --- any order, any split, any restart ---------------------------------------------------------------


class Feed:
    """A provider's changes in order, cut into pages anywhere; a cursor is a position."""

    def __init__(self, changes: list[tuple[str, Any]], cuts: list[int]) -> None:
        self.changes = changes
        self.ends = sorted({*(cut for cut in cuts if 0 < cut < len(changes)), len(changes)})

    def __repr__(self) -> str:
        told = [
            (op, value if op == "removed" else (value.id, str(value.amount))) for op, value in self.changes
        ]
        return f"Feed({told}, {self.ends})"

    def page(self, cursor: str) -> TransactionsPage:
        start = int(cursor or 0)
        end = next((end for end in self.ends if end > start), len(self.changes))
        part = self.changes[start:end]
        added: dict[str, TransactionRecord] = {}
        removed: list[str] = []
        for op, value in part:
            if op == "removed":
                removed.append(value)
                added.pop(value, None)
            else:
                added[value.id] = value
                removed = [name for name in removed if name != value.id]
        return TransactionsPage(list(added.values()), [], removed, str(end), has_more=end < len(self.changes))

    def final(self) -> dict[str, Decimal]:
        rows: dict[str, Decimal] = {}
        for op, value in self.changes:
            if op == "removed":
                rows.pop(value, None)
            else:
                rows.pop(value.replaced_pending_id, None)
                rows[value.id] = value.amount
        return rows


@st.composite
def feeds(draw: Any) -> Feed:
    """Purchases that post at once, or first wait under another id, change, lapse, or are taken back."""
    changes: list[tuple[str, Any]] = []
    later: list[tuple[str, Any]] = []
    for number in range(draw(st.integers(1, 6))):
        story = draw(
            st.sampled_from(["posted", "pending", "posts", "posts late", "changes", "lapses", "taken back"])
        )
        amount = f"-{draw(st.integers(1, 3))}.00"
        if story in ("posted", "changes", "taken back"):
            changes.append(("added", row(f"t{number}", amount)))
        else:
            changes.append(("added", pending(f"p{number}", amount)))
        if story in ("posts", "posts late"):
            later.append(("removed", f"p{number}"))
            later.append(("added", row(f"t{number}", amount + "5", replaced_pending_id=f"p{number}")))
        elif story == "changes":
            later.append(("modified", row(f"t{number}", amount + "9")))
        elif story in ("lapses", "taken back"):
            later.append(("removed", f"{'p' if story == 'lapses' else 't'}{number}"))
    changes += later
    return Feed(changes, draw(st.lists(st.integers(0, len(changes)), max_size=6)))


def late_word() -> Feed:
    """A booked row of the amount of a pending one is told first, and the one that names the pending row later."""
    changes = [
        ("added", row("t0", "-1.00")),
        ("added", pending("p1", "-1.00")),
        *(("added", row(f"t{number}", "-1.00")) for number in (2, 3, 4)),
        ("removed", "p1"),
        ("added", row("t1", "-1.005", replaced_pending_id="p1")),
    ]
    return Feed(changes, [2, 6, 7])


def look_alike() -> Feed:
    """A pending row that looks like the one that went with its page, which a booked row names later."""
    changes = [
        ("added", pending("p0", "-1.00")),
        ("added", pending("p1", "-1.00")),
        *(("added", row(f"t{number}", "-1.00")) for number in (2, 3, 4, 5)),
        ("removed", "p0"),
        ("added", row("t0", "-1.005", replaced_pending_id="p0")),
    ]
    return Feed(changes, [1, 7])


@example(feed=late_word(), restarts=[])
@example(feed=look_alike(), restarts=[])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(feed=feeds(), restarts=st.lists(st.integers(0, 12), max_size=4))
def test_any_cut_redelivery_and_restart_gives_the_same_rows(
    connection: Connection, feed: Feed, restarts: list[int]
) -> None:
    connection.accounts.all().delete()
    account = apply_accounts(connection, [account_record()], NOON)[0]
    added = removed = 0
    for attempt in [*restarts, None]:
        cursor, steps = "", 0
        FinancialAccount.objects.filter(id=account.id).update(transactions_cursor="")
        while attempt is None or steps < attempt:
            step = feed.page(cursor)
            counts = apply_transactions(account, step, cursor)
            added, removed = added + counts.added, removed + counts.removed
            assert apply_transactions(account, step, step.next_cursor) == Counts()
            cursor, steps = step.next_cursor, steps + 1
            if not step.has_more:
                break
    assert dict(account.transactions.values_list("provider_transaction_id", "amount")) == feed.final(), (
        feed,
        restarts,
    )
    assert added - removed == len(feed.final())


# --- accounts and balances ----------------------------------------------------------------------------


def test_accounts_keep_their_id_when_their_description_changes(connection: Connection) -> None:
    first = apply_accounts(connection, [account_record()], NOON)[0]
    again = apply_accounts(
        connection, [account_record(name="Main", current="7.00")], NOON + timedelta(hours=1)
    )[0]
    again.refresh_from_db()
    assert (again.id, again.name, again.balance_current) == (first.id, "Main", Decimal(7))


def test_an_older_balance_never_replaces_a_newer_one(connection: Connection) -> None:
    account = apply_accounts(connection, [account_record(current="100.00")], NOON)[0]
    stale = account_record(current="1.00", as_of=NOON - timedelta(hours=3))
    apply_accounts(connection, [stale], NOON + timedelta(hours=1))
    account.refresh_from_db()
    assert (account.balance_current, account.balance_fetched_at) == (Decimal(100), NOON)
    assert account.balances.get().current == Decimal(100)


def test_an_account_no_longer_listed_is_closed_and_opens_again_when_it_returns(
    connection: Connection,
) -> None:
    both = [account_record("a"), account_record("b")]
    apply_accounts(connection, both, NOON)
    apply_accounts(connection, both[:1], NOON)
    assert list(connection.accounts.filter(closed_at=None).values_list("provider_account_id", flat=True)) == [
        "a"
    ]
    apply_accounts(connection, both, NOON)
    assert not connection.accounts.exclude(closed_at=None).exists()


def test_an_empty_list_of_accounts_closes_none(connection: Connection, account: FinancialAccount) -> None:
    assert apply_accounts(connection, [], NOON) == []
    account.refresh_from_db()
    assert account.closed_at is None


def test_each_sync_leaves_one_snapshot_a_day_and_history_settles_it(account: FinancialAccount) -> None:
    apply_accounts(
        account.connection, [account_record(current="90.00", as_of=NOON + timedelta(hours=2))], NOON
    )
    assert account.balances.get().current == Decimal(90)
    apply_balances(account, [BalanceRecord(NOON.date(), Decimal(80), None)])
    apply_accounts(
        account.connection, [account_record(current="85.00", as_of=NOON + timedelta(hours=3))], NOON
    )
    assert account.balances.get().current == Decimal(80)


def test_every_change_of_a_balance_moves_the_version(account: FinancialAccount) -> None:
    before = FinancialAccount.objects.get().balances_version
    apply_balances(account, [BalanceRecord(date(2026, 3, 1), Decimal(80), None)])
    assert FinancialAccount.objects.get().balances_version > before


def test_two_accounts_under_one_id_are_refused(connection: Connection) -> None:
    with pytest.raises(ProviderUnreadable):
        apply_accounts(connection, [account_record(), account_record(name="Other")], NOON)
    assert not BalanceSnapshot.objects.exists()


# --- holdings ----------------------------------------------------------------------------------------

ACME = SecurityRecord("s1", "ACME", "Acme Corp", "stock", "", "", "USD")
BOLT = SecurityRecord("s2", "BOLT", "Bolt Fund", "etf", "", "", "USD")


def holding(security: str, quantity: str) -> HoldingRecord:
    return HoldingRecord(security, Decimal(quantity), Decimal(10), Decimal(20), Decimal(15), "USD")


def test_each_answer_is_the_whole_set_of_holdings(account: FinancialAccount) -> None:
    apply_holdings(
        account, HoldingsRecord(NOON, [holding("s1", "2"), holding("s2", "3")], [ACME, BOLT]), NOON
    )
    kept = account.holdings.get(security__symbol="ACME").id
    apply_holdings(account, HoldingsRecord(NOON, [holding("s1", "5")], [ACME]), NOON)
    left = account.holdings.get()
    assert (left.id, left.quantity, left.security.symbol) == (kept, Decimal(5), "ACME")


def test_an_older_answer_does_not_replace_newer_holdings(account: FinancialAccount) -> None:
    apply_holdings(account, HoldingsRecord(NOON, [holding("s1", "2")], [ACME]), NOON)
    assert not apply_holdings(account, HoldingsRecord(NOON - timedelta(days=1), [], []), NOON)
    assert account.holdings.count() == 1


def test_an_empty_list_empties_the_account(account: FinancialAccount) -> None:
    apply_holdings(account, HoldingsRecord(NOON, [holding("s1", "2")], [ACME]), NOON)
    assert apply_holdings(account, HoldingsRecord(NOON + timedelta(days=1), [], []), NOON)
    assert account.holdings.count() == 0


def test_an_impossible_holding_keeps_the_old_ones(account: FinancialAccount) -> None:
    apply_holdings(account, HoldingsRecord(NOON, [holding("s1", "2")], [ACME]), NOON)
    with pytest.raises(ProviderUnreadable):
        apply_holdings(account, HoldingsRecord(NOON, [holding("s2", "NaN")], [BOLT]), NOON)
    assert account.holdings.get().security.symbol == "ACME"


def test_securities_of_one_provider_are_shared_and_kept_up_to_date(account: FinancialAccount) -> None:
    apply_holdings(account, HoldingsRecord(NOON, [holding("s1", "2")], [ACME]), NOON)
    renamed = SecurityRecord("s1", "ACM", "Acme Inc", "stock", "", "", "USD")
    apply_holdings(account, HoldingsRecord(NOON, [holding("s1", "2")], [renamed]), NOON)
    assert Security.objects.get().symbol == "ACM"
    assert Transaction.objects.count() == 0
