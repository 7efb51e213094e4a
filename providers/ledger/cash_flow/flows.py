"""Sums of money in and out, by month or week and by category, in one currency: pure, and not rounded yet."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from providers.ledger.cash_flow.intervals import Span, first_day
from providers.ledger.cash_flow.transfers import Leg, Transfer
from providers.rates.conversion import DayRates

# Span (its first day in the calendar; None before the range), day (None in the base), currency, category.
Key = tuple[date | None, date | None, str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """The range, and the time of the same length before it."""

    start: date
    end: date
    span: Span
    base: str

    @property
    def before(self) -> date:
        """The first day of the time before."""
        return self.start - (self.end - self.start) - timedelta(days=1)

    def key(self, leg: Leg) -> Key:
        """The group that a row is counted in."""
        span = first_day(leg.date, self.span) if leg.date >= self.start else None
        return span, leg.date if leg.currency != self.base else None, leg.currency, leg.category


@dataclass(slots=True)
class Sum:
    """Money in and out (negative), and of how many rows."""

    into: Decimal = Decimal(0)
    out: Decimal = Decimal(0)
    ins: int = 0
    outs: int = 0

    def add(self, other: "Sum") -> None:
        """Count the other's rows too."""
        self.into, self.out = self.into + other.into, self.out + other.out
        self.ins, self.outs = self.ins + other.ins, self.outs + other.outs

    def leave_out(self, leg: Leg) -> None:
        """Count this row no more."""
        if leg.amount > 0:
            self.into, self.ins = self.into - leg.amount, self.ins - 1
        else:
            self.out, self.outs = self.out - leg.amount, self.outs - 1


@dataclass(slots=True)
class Sums:
    """Sums in the base, with the days of the rates used; amounts without a rate are in `unconverted`, by currency.

    `partly` holds the spans in which some amount has no rate.
    """

    by_span: dict[date | None, Sum] = field(default_factory=lambda: defaultdict(Sum))
    by_category: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    before_by_category: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    unconverted: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    partly: set[date | None] = field(default_factory=set)
    rates_of: set[date] = field(default_factory=set)

    def total(self) -> Sum | None:
        """All that counts in the range; None where nothing of it has a rate."""
        told = [each for span, each in self.by_span.items() if span is not None]
        if not told and self.unconverted:
            return None
        whole = Sum()
        for each in told:
            whole.add(each)
        return whole


def without_transfers(groups: Mapping[Key, Sum], moved: Iterable[Transfer], asked: Asked) -> dict[Key, Sum]:
    """The groups without both sides of each transfer, as far as these lie in the time that is asked for."""
    left = dict(groups)
    for pair in moved:
        for leg in (pair.out, pair.into):
            if asked.before <= leg.date <= asked.end:
                left[asked.key(leg)].leave_out(leg)
    return {key: each for key, each in left.items() if each.ins or each.outs}


def converted(groups: Mapping[Key, Sum], rates: Mapping[date, DayRates], base: str) -> Sums:
    """The groups in the base, each at the rates of its day."""
    sums = Sums()
    pairs = {(day, unit) for _, day, unit, _ in groups if day is not None}
    with_rate = {(day, unit) for day, unit in pairs if rates[day].convertible(unit, base)}
    sums.rates_of = {rate.day for day, unit in with_rate for rate in rates[day].used([unit], base)}
    for (span, day, unit, category), amounts in groups.items():
        if day is None:
            told = amounts
        elif (day, unit) in with_rate:
            told = _told(amounts, unit, rates[day], base)
        else:
            sums.partly.add(span)
            if span is not None:
                sums.unconverted[unit].add(amounts)
            continue
        sums.by_span[span].add(told)
        if told.outs:
            by_category = sums.by_category if span is not None else sums.before_by_category
            by_category[category].add(Sum(out=told.out, outs=told.outs))
    return sums


def _told(amounts: Sum, unit: str, rates: DayRates, base: str) -> Sum:
    into, out = rates.in_base(amounts.into, unit, base), rates.in_base(amounts.out, unit, base)
    return Sum(into, out, amounts.ins, amounts.outs)
