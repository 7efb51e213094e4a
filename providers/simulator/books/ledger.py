"""The bank's books: a customer's history as a pure function of the start date and the last closed day."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from providers.simulator.books.brokerage import Holding, holdings, invest, worth
from providers.simulator.books.customers import CUSTOMERS, Account, Customer, Kind
from providers.simulator.books.entries import Book, Entry, Stage
from providers.simulator.books.household import live


@dataclass(frozen=True, slots=True)
class Balance:
    """In the bank's convention: on a card or a loan, `current` is positive and means money owed."""

    current: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True)
class Ledger:
    """All accounts of one customer; entries are ordered by when they happened."""

    customer: Customer
    start: date
    through: date
    entries: dict[str, tuple[Entry, ...]]

    def posted(self, account: Account, day: date) -> list[Entry]:
        """The entries that have posted by the end of the day."""
        return [e for e in self.entries[account.id] if e.stage(day) in (Stage.POSTED, Stage.AMENDED)]

    def pending(self, account: Account, day: date) -> list[Entry]:
        """The entries that are pending at the end of the day."""
        return [e for e in self.entries[account.id] if e.stage(day) is Stage.PENDING]

    def holdings(self, account: Account, day: date) -> list[Holding]:
        """The securities held at the end of the day."""
        return holdings(self.entries[account.id], day)

    def balance(self, account: Account, day: date) -> Balance:
        """The balance at the end of a day within the books."""
        return self.balances(account, day, day)[day]

    def balances(self, account: Account, first: date, last: date) -> dict[date, Balance]:
        """End-of-day balances of every day asked for that lies within the books."""
        first, last = max(first, self.start), min(last, self.through)
        posted, pending = self._changes(account)
        result: dict[date, Balance] = {}
        settled, held = Decimal(0), Decimal(0)
        units: dict[str, Decimal] = {}
        trades = _unit_changes(self.entries[account.id])
        for number in range((last - self.start).days + 1):
            day = self.start + timedelta(days=number)
            settled += posted.get(day, Decimal(0))
            held += pending.get(day, Decimal(0))
            for security_id, change in trades.get(day, ()):
                units[security_id] = units.get(security_id, Decimal(0)) + change
            if day >= first:
                value = sum((worth(held_id, n, day) for held_id, n in units.items()), Decimal(0))
                result[day] = _balance(account, settled, held, value)
        return result

    def _changes(self, account: Account) -> tuple[dict[date, Decimal], dict[date, Decimal]]:
        """Per day: what posts, and by how much the sum of pending amounts moves."""
        posted: dict[date, Decimal] = {}
        pending: dict[date, Decimal] = {}
        for entry in self.entries[account.id]:
            if not entry.lapses:
                posted[entry.settles_on] = posted.get(entry.settles_on, Decimal(0)) + entry.amount
            if entry.hold:
                day = entry.at.date()
                pending[day] = pending.get(day, Decimal(0)) + entry.pending_amount
                pending[entry.settles_on] = pending.get(entry.settles_on, Decimal(0)) - entry.pending_amount
        return posted, pending


@lru_cache(maxsize=6)
def ledger(customer_id: str, start: date, through: date) -> Ledger:
    """A customer's ledger. No day depends on later days, so a longer ledger only ever adds rows."""
    book = Book(CUSTOMERS[customer_id], start, through)
    live(book)
    invest(book)
    entries = {
        account_id: tuple(sorted(rows, key=lambda entry: (entry.at, entry.id)))
        for account_id, rows in book.entries.items()
    }
    return Ledger(book.customer, start, through, entries)


def _unit_changes(entries: tuple[Entry, ...]) -> dict[date, list[tuple[str, Decimal]]]:
    changes: dict[date, list[tuple[str, Decimal]]] = {}
    for entry in entries:
        if entry.trade and entry.trade.units is not None:
            changes.setdefault(entry.settles_on, []).append((entry.trade.security_id, entry.unit_change))
    return changes


def _balance(account: Account, settled: Decimal, held: Decimal, value: Decimal) -> Balance:
    if account.kind is Kind.BROKERAGE:
        cash = account.opening + settled
        return Balance(cash + value, cash)
    if account.kind is Kind.MORTGAGE:
        return Balance(account.opening - settled, Decimal("0.00"))
    if account.kind is Kind.CREDIT_CARD:
        owed = account.opening - settled
        return Balance(owed, (account.limit or Decimal(0)) - owed + held)
    current = account.opening + settled
    return Balance(current, current + held)
