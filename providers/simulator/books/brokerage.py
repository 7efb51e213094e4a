"""Investing: buys, sells, dividends, reinvestment and fees, and the positions they leave."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from providers.simulator.books.customers import Account, Kind
from providers.simulator.books.dice import Dice
from providers.simulator.books.entries import Book, Entry, Trade, business_day, money
from providers.simulator.books.market import is_trading_day, price
from providers.simulator.books.securities import SECURITIES

CENT = Decimal("0.01")
FRACTION = Decimal("0.0001")
COMMISSION = Decimal("1.95")
ADVISORY_FEE = Decimal("0.0006")  # of the whole account, each quarter
CASH_RATE = Decimal("0.0010")  # a month, on idle cash


@dataclass(slots=True)
class Lot:
    """The units that are left of one purchase; `cost` is theirs, with fees."""

    id: str
    at: datetime
    price: Decimal
    units: Decimal
    cost: Decimal


@dataclass(slots=True)
class Position:
    """Units of one security, by purchase; a sale takes the oldest ones, with what they cost."""

    lots: list[Lot] = field(default_factory=list)

    @property
    def units(self) -> Decimal:
        """All units."""
        return sum((lot.units for lot in self.lots), Decimal(0))

    @property
    def cost(self) -> Decimal:
        """The cost of all units."""
        return sum((lot.cost for lot in self.lots), Decimal(0))

    def apply(self, entry: Entry) -> None:
        """Take one trade into account."""
        if entry.type == "SELL":
            self._sell(-entry.unit_change)
        elif entry.trade and entry.type in ("BUY", "REINVESTMENT"):
            quote = entry.trade.unit_price or Decimal(0)
            self.lots.append(Lot(entry.id, entry.at, quote, entry.unit_change, -entry.amount))

    def _sell(self, units: Decimal) -> None:
        while units and self.lots:
            oldest = self.lots[0]
            sold = min(units, oldest.units)
            oldest.cost -= (oldest.cost * sold / oldest.units).quantize(CENT, ROUND_HALF_UP)
            oldest.units -= sold
            units -= sold
            if not oldest.units:
                del self.lots[0]


def positions(entries: Iterable[Entry], day: date) -> dict[str, Position]:
    """Positions that the brokerage entries posted by `day` add up to; sold-out securities are left out."""
    held: dict[str, Position] = {}
    for entry in entries:
        if entry.trade and entry.settles_on <= day:
            held.setdefault(entry.trade.security_id, Position()).apply(entry)
    return {security_id: position for security_id, position in held.items() if position.units}


@dataclass(frozen=True, slots=True)
class Holding:
    """A position at the close of a day; `cost_basis` is of the whole position, and of all its `lots`."""

    security_id: str
    units: Decimal
    price: Decimal
    value: Decimal
    cost_basis: Decimal
    lots: tuple[Lot, ...] = ()


def holdings(entries: Iterable[Entry], day: date) -> list[Holding]:
    """The positions at the close of a day, with prices and values."""
    return [
        Holding(
            held,
            position.units,
            price(held, day),
            worth(held, position.units, day),
            position.cost,
            tuple(position.lots),
        )
        for held, position in positions(entries, day).items()
    ]


def worth(security_id: str, units: Decimal, day: date) -> Decimal:
    """Market value at the close, to the cent."""
    return (units * price(security_id, day)).quantize(CENT, ROUND_HALF_UP)


@dataclass(slots=True)
class Trader:
    """Walks the days with the cash and the units at hand, writing into the book."""

    book: Book
    account: Account
    cash: Decimal
    units: dict[str, Decimal] = field(default_factory=dict)

    def day(self, day: date, deposits: Decimal) -> None:
        """Make the trades that are due on this day."""
        self.cash += deposits
        if not is_trading_day(day):
            return
        age = (day - self.book.start).days
        if 3 <= age <= 8 and not self.units:
            self._first_purchases(day)
        if day == business_day(day.replace(day=19)):
            self._monthly_purchases(day)
        if day == business_day(day.replace(day=20)) and day.month % 3 == 0:
            self._dividends(day)
        if day == business_day(day.replace(day=26)):
            self._interest_and_fee(day)
        if day == business_day(day.replace(day=8)) and day.month % 4 == 1 and age > 60:
            self._trim(day)

    def _first_purchases(self, day: date) -> None:
        share = self.cash / 6
        for security_id in SECURITIES:
            self._buy(day, security_id, share)

    def _monthly_purchases(self, day: date) -> None:
        dice = Dice("invest", self.account.id, day)
        budget = self.cash / 5
        for security_id in sorted({dice.pick(list(SECURITIES)) for _ in range(3)}):
            self._buy(day, security_id, budget)

    def _buy(self, day: date, security_id: str, budget: Decimal) -> None:
        """Whole units, except for funds, which sell fractions and take no commission."""
        security, quote = SECURITIES[security_id], price(security_id, day)
        fund = security.type == "MUTUAL_FUND"
        units = (budget / quote).quantize(FRACTION if fund else Decimal(1), ROUND_DOWN)
        fees = Decimal("0.00") if fund else COMMISSION
        cost = (units * quote).quantize(CENT, ROUND_HALF_UP) + fees
        if units and cost <= self.cash:
            self._write(day, "BUY", -cost, Trade(security_id, units, quote, fees))

    def _trim(self, day: date) -> None:
        """Sell a fifth of the largest position."""
        security_id = max(self.units, key=lambda held: worth(held, self.units[held], day), default=None)
        if security_id is None:
            return
        units = (self.units[security_id] / 5).quantize(Decimal(1), ROUND_DOWN)
        quote = price(security_id, day)
        if units:
            proceeds = (units * quote).quantize(CENT, ROUND_HALF_UP) - COMMISSION
            self._write(day, "SELL", proceeds, Trade(security_id, units, quote, COMMISSION))

    def _dividends(self, day: date) -> None:
        for security_id, units in sorted(self.units.items()):
            security = SECURITIES[security_id]
            amount = (units * money(security.dividend)).quantize(CENT, ROUND_HALF_UP)
            if not amount:
                continue
            self._write(day, "DIVIDEND", amount, Trade(security_id))
            if security.reinvests:
                quote = price(security_id, day)
                bought = (amount / quote).quantize(FRACTION, ROUND_HALF_UP)
                self._write(day, "REINVESTMENT", -amount, Trade(security_id, bought, quote, Decimal("0.00")))

    def _interest_and_fee(self, day: date) -> None:
        interest = (self.cash * CASH_RATE).quantize(CENT, ROUND_HALF_UP)
        if interest:
            self._cash_only(day, "INTEREST", interest, "Interest on cash")
        if day.month % 3 == 0:
            invested = sum((worth(held, units, day) for held, units in self.units.items()), Decimal(0))
            fee = ((self.cash + invested) * ADVISORY_FEE).quantize(CENT, ROUND_HALF_UP)
            self._cash_only(day, "FEE", -fee, "Quarterly account fee")

    def _cash_only(self, day: date, type: str, amount: Decimal, text: str) -> None:
        self.cash += amount
        self.book.add(self.account, day, type, amount, text, type, type)

    def _write(self, day: date, type: str, amount: Decimal, trade: Trade) -> None:
        held, security = trade.security_id, SECURITIES[trade.security_id]
        self.cash += amount
        if trade.units is not None:
            change = -trade.units if type == "SELL" else trade.units
            self.units[held] = self.units.get(held, Decimal(0)) + change
        text = f"{type.capitalize()} {security.symbol} {security.name}"
        self.book.add(self.account, day, f"{type} {held}", amount, text, type, "INVESTMENT", trade=trade)


def invest(book: Book) -> None:
    """Write the brokerage account's life into the book, after the household has made its deposits."""
    account = book.customer.account(Kind.BROKERAGE)
    if account is None or book.customer.habits is None:
        return
    deposits = {entry.settles_on: entry.amount for entry in book.entries[account.id]}
    trader = Trader(book, account, account.opening)
    for number in range((book.through - book.start).days + 1):
        day = book.start + timedelta(days=number)
        trader.day(day, deposits.get(day, Decimal(0)))
