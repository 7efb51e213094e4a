"""Entries (single transactions, from pending to posted) and the book that collects a customer's."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum

from providers.simulator.books.customers import Account, Customer
from providers.simulator.books.dice import Dice, digest

_AMENDED_AFTER = timedelta(days=3)


class Stage(IntEnum):
    """The stage of an entry at the end of a day."""

    ABSENT = 0
    PENDING = 1
    POSTED = 2
    AMENDED = 3
    LAPSED = 4


@dataclass(frozen=True, slots=True)
class Hold:
    """The pending time of an entry: in days, perhaps for another amount than will post, or without ever posting."""

    days: int
    amount: Decimal | None = None
    lapses: bool = False


@dataclass(frozen=True, slots=True)
class Trade:
    """The security behind an entry; a dividend has no units."""

    security_id: str
    units: Decimal | None = None
    unit_price: Decimal | None = None
    fees: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """`amount` is signed, positive into the account. It is pending from `at` until `settles_on`.

    Three days after posting, an entry with a `raw` description shows its `description` instead.
    """

    id: str
    pending_id: str
    at: datetime
    settles_on: date
    amount: Decimal
    description: str
    type: str
    category: str
    hold: Hold | None = None
    raw: str = ""
    trade: Trade | None = None
    told_after: timedelta = timedelta(0)

    def stage(self, day: date) -> Stage:
        """The stage at the end of the day, as far as it is told by then."""
        day -= self.told_after
        if day < self.at.date():
            return Stage.ABSENT
        if day < self.settles_on:
            return Stage.PENDING
        if self.lapses:
            return Stage.LAPSED
        return Stage.AMENDED if self.raw and day >= self.settles_on + _AMENDED_AFTER else Stage.POSTED

    @property
    def lapses(self) -> bool:
        """True for an entry that vanishes without ever posting."""
        return self.hold is not None and self.hold.lapses

    @property
    def pending_amount(self) -> Decimal:
        """The amount of the pending row, signed."""
        return self.amount if self.hold is None or self.hold.amount is None else self.hold.amount

    @property
    def unit_change(self) -> Decimal:
        """Units gained (bought, reinvested) or lost (sold)."""
        if self.trade is None or self.trade.units is None:
            return Decimal(0)
        return -self.trade.units if self.type == "SELL" else self.trade.units


class Book:
    """A customer's entries by account, from `start` to `through`; entries outside are left out."""

    def __init__(self, customer: Customer, start: date, through: date) -> None:
        self.customer = customer
        self.start = start
        self.through = through
        self.entries: dict[str, list[Entry]] = {account.id: [] for account in customer.accounts}

    def add(
        self,
        account: Account,
        day: date,
        slot: str,
        amount: Decimal,
        description: str,
        type: str,
        category: str,
        *,
        hold: Hold | None = None,
        raw: str = "",
        trade: Trade | None = None,
    ) -> None:
        """Write an entry. `slot` tells apart the entries of one account on one day."""
        if not self.start <= day <= self.through:
            return
        settles_on = business_day(day + timedelta(days=hold.days)) if hold else day
        self.entries[account.id].append(
            Entry(
                id=f"txn_{digest(account.id, day, slot)}",
                pending_id=f"txn_{digest(account.id, day, slot, 'pending')}",
                at=_moment(account.id, day, slot),
                settles_on=settles_on,
                amount=amount,
                description=description,
                type=type,
                category=category,
                hold=hold,
                raw=raw,
                trade=trade,
            )
        )

    def transfer(self, out: Account, into: Account, day: date, amount: Decimal, type: str, slot: str) -> None:
        """Write both sides of a transfer, on one day."""
        category = "TRANSFER"
        self.add(out, day, slot, -amount, f"To {into.official_name} ••{into.last4}", type, category)
        self.add(into, day, slot, amount, f"From {out.official_name} ••{out.last4}", type, category)

    def posted_until(self, account: Account, day: date) -> Decimal:
        """The sum of what has posted by the end of `day`."""
        entries = self.entries[account.id]
        return sum((e.amount for e in entries if e.stage(day) in (Stage.POSTED, Stage.AMENDED)), Decimal(0))

    def months(self) -> list[date]:
        """The first of every month the book touches."""
        first = self.start.replace(day=1)
        months = []
        while first <= self.through:
            months.append(first)
            first = next_month(first)
        return months

    def days(self) -> list[date]:
        """Every day of the book."""
        return [self.start + timedelta(days=n) for n in range((self.through - self.start).days + 1)]


def money(cents: int) -> Decimal:
    """An exact decimal of an amount in cents."""
    return Decimal(cents).scaleb(-2)


def next_month(first: date) -> date:
    """The first of the month after."""
    return (first + timedelta(days=31)).replace(day=1)


def business_day(day: date) -> date:
    """That day, or the Monday after."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def _moment(account_id: str, day: date, slot: str) -> datetime:
    dice = Dice("time", account_id, day, slot)
    clock = time(dice.between(7, 21), dice.between(0, 59), dice.between(0, 59), tzinfo=UTC)
    return datetime.combine(day, clock)
