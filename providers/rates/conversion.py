"""Exact conversion of amounts between currencies, through the euro, at the rates of one day.

Everything here is pure: no database, no clock, no float. Sums are computed with 80 digits and rounded once, at the
end, half to even, to the decimals of the currency they end in (ISO 4217).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from dashtam.ui.currencies import minor_units

EURO = "EUR"
SOURCE = "ECB"
# A currency that the ECB left out of its publications for longer than this (RUB since 2022) has no rate any more.
MAX_AGE = timedelta(days=10)
DIGITS = 80  # amounts have up to 36, rates up to 20


@dataclass(frozen=True, slots=True)
class EuroRate:
    """How much of a currency one euro was worth on a day, as the ECB published it."""

    day: date
    currency: str
    per_euro: Decimal


@dataclass(frozen=True, slots=True)
class Conversion:
    """`total` is None when no amount could be converted. Amounts without a rate are in `unconverted`, by unit."""

    total: Decimal | None
    used: tuple[EuroRate, ...] = ()
    unconverted: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def as_of(self) -> date | None:
        """The day of the oldest rate in the total; None when none was needed."""
        return min((rate.day for rate in self.used), default=None)


@dataclass(frozen=True, slots=True)
class DayRates:
    """The rates of the ECB's publication of `day`, and of currencies missing in it the last ones within MAX_AGE.

    For a day without a publication (weekends, holidays, rates not fetched yet) `day` is the last one before it.
    """

    day: date
    known: Mapping[str, EuroRate] = field(default_factory=dict)

    def per_euro(self, currency: str) -> Decimal | None:
        """None without a rate; a euro is one euro."""
        if currency == EURO:
            return Decimal(1)
        rate = self.known.get(currency)
        return rate.per_euro if rate and timedelta(0) <= self.day - rate.day <= MAX_AGE else None

    def convertible(self, currency: str, base: str) -> bool:
        """True where amounts in this unit can be told in the base; each unit can in itself."""
        return currency == base or None not in (self.per_euro(currency), self.per_euro(base))

    def cross(self, currency: str, base: str) -> Decimal | None:
        """How much of the currency one unit of the base buys, to DIGITS digits; None without a rate."""
        bought, paid = self.per_euro(currency), self.per_euro(base)
        if bought is None or paid is None:
            return None
        with localcontext(prec=DIGITS):
            return bought / paid

    def convert(self, amounts: Mapping[str, Decimal], base: str) -> Conversion:
        """The sum of amounts, given by unit, in the base. Where all are in the base already, it is not rounded."""
        told = {unit: amount for unit, amount in amounts.items() if self.convertible(unit, base)}
        rest = {unit: amount for unit, amount in amounts.items() if unit not in told}
        if not told:
            return Conversion(None, (), rest)
        with localcontext(prec=DIGITS):
            total = sum((self.in_base(amount, unit, base) for unit, amount in told.items()), Decimal(0))
            if told.keys() != {base}:
                total = rounded(total, base)
        return Conversion(total, self.used(told, base), rest)

    def in_base(self, amount: Decimal, unit: str, base: str) -> Decimal:
        """A convertible amount in the base, not rounded, in the decimal context of the caller.

        Multiplied before it is divided: a result that a decimal can hold is then exact.
        """
        if unit == base:
            return amount
        paid, bought = self.per_euro(unit), self.per_euro(base)
        assert paid is not None  # noqa: S101 only convertible units come here
        assert bought is not None  # noqa: S101
        return amount * bought / paid

    def used(self, told: Iterable[str], base: str) -> tuple[EuroRate, ...]:
        """The rates that amounts in these convertible units are told at; none where all are in the base."""
        units = {*told, base}
        return () if units == {base} else tuple(self.known[unit] for unit in sorted(units) if unit != EURO)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the currency's own decimals, half to even."""
    with localcontext(prec=DIGITS):
        return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), rounding=ROUND_HALF_EVEN)
