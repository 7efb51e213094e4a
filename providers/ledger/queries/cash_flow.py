"""Money in and out over time, in one currency, and spending by category; without transfers between own accounts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any, TypedDict
from uuid import UUID

from django.db import connection

from dashtam import errors
from dashtam.bridge.doors import run_db
from providers.ledger.cash_flow.flows import Asked, Key, Sum, Sums, converted, without_transfers
from providers.ledger.cash_flow.intervals import Span, first_day, spans
from providers.ledger.cash_flow.transfers import MOST_DAYS, NEVER, TRADES, Leg, Transfer, transfers
from providers.ledger.counted import COUNTED_ROWS
from providers.ledger.money import plain
from providers.ledger.queries.net_worth import RatesUsed
from providers.rates.conversion import DIGITS, SOURCE, DayRates, rounded
from providers.rates.lookup import rates_of_days

MOST_SPANS = 4_000
# Rows this far around the range are matched too, so that a transfer over its edge is found from both sides.
AROUND = timedelta(days=30)

# The rows that have one of the opposite amount near them. Counts over a window take one sort; a join of the rows with
# themselves takes minutes under a plan that is made before the table has statistics.
_LEGS = f"""
SELECT id, account_id, date, amount, currency, kind, category FROM (
    SELECT id, account_id, date, amount, currency, kind, category,
        count(*) FILTER (WHERE amount > 0) OVER near AS ins, count(*) FILTER (WHERE amount < 0) OVER near AS outs
    FROM providers_transaction
    WHERE user_id = %(user)s AND date BETWEEN %(first)s AND %(last)s AND amount <> 0 AND NOT kind = ANY(%(never)s)
      AND {COUNTED_ROWS}
    WINDOW near AS (
        PARTITION BY abs(amount), currency ORDER BY date
        RANGE BETWEEN %(near)s::interval PRECEDING AND %(near)s::interval FOLLOWING
    )
) AS moved WHERE ins > 0 AND outs > 0
"""  # noqa: S608 our own words

# Amounts in the base need no rate and are summed by month or week, others by day. Without a period: before the range.
_FLOWS = f"""
SELECT known.since, flows.* FROM (
    SELECT min(date) AS since FROM providers_transaction WHERE user_id = %(user)s
) AS known LEFT JOIN (
    SELECT CASE WHEN date >= %(start)s THEN date_trunc(%(span)s, date::timestamp)::date END,
        CASE WHEN currency <> %(base)s THEN date END, currency, category, kind = ANY(%(trades)s),
        coalesce(sum(amount) FILTER (WHERE amount > 0), 0), coalesce(sum(amount) FILTER (WHERE amount < 0), 0),
        count(*) FILTER (WHERE amount > 0), count(*) FILTER (WHERE amount < 0)
    FROM providers_transaction
    WHERE user_id = %(user)s AND date BETWEEN %(before)s AND %(end)s AND amount <> 0
      AND {COUNTED_ROWS}
    GROUP BY 1, 2, 3, 4, 5
) AS flows ON true
"""  # noqa: S608 our own words

# `out` is negative, so that `net` is the sum of both; decimals as text.
Flow = TypedDict("Flow", {"in": str, "out": str, "net": str})


class SpanFlow(Flow):
    """The money of one month or week, as far as it lies in the range."""

    start: date
    end: date


class CurrencyFlow(Flow):
    """Money in a currency that there is no rate for."""

    currency: str
    count: int


class CategoryFlow(TypedDict):
    """Money out in a category (negative), its share of all, and that of the time before, where it is known."""

    category: str
    amount: str
    share: str
    count: int
    before: str | None


class LeftOut(TypedDict):
    """A number of transfers, and the money that they moved as far as it has a rate."""

    count: int
    amount: str


class CashFlow(TypedDict):
    """Money in and out. `since` is the day of the person's first transaction: nothing is known before it.

    `total` is None where nothing is known of the range, or nothing of it can be converted; `before` is the total of
    as many days before the range, None where these are not known whole.
    """

    currency: str
    start: date
    end: date
    since: date | None
    rates: RatesUsed | None
    total: Flow | None
    before: Flow | None
    series: list[SpanFlow]
    categories: list[CategoryFlow]
    transfers_left_out: LeftOut
    trades_left_out: int
    unconverted: list[CurrencyFlow]


@dataclass(frozen=True, slots=True)
class _Unit:
    """A currency whose sums are rounded to its decimals where rates are in them, and else are exact."""

    currency: str
    rounds: bool = False

    def flow(self, amounts: Sum) -> Flow:
        into, out = self._rounded(amounts.into), self._rounded(amounts.out)
        return {"in": self._plain(into), "out": self._plain(out), "net": self._plain(into + out)}

    def shown(self, amount: Decimal) -> str:
        return self._plain(self._rounded(amount))

    def _plain(self, amount: Decimal) -> str:
        return plain(amount, self.currency)

    def _rounded(self, amount: Decimal) -> Decimal:
        return rounded(amount, self.currency) if self.rounds else amount


@dataclass(frozen=True, slots=True)
class _Read:
    since: date | None
    trades: int
    groups: dict[Key, Sum]
    moved: list[Transfer]


async def cash_flow(
    user_id: UUID, /, start: date, end: date, span: Span = "month", currency: str = "USD"
) -> CashFlow:
    """Money in and out in the range, each amount at the rates of its own day, rounded once in each sum.

    Transfers between the person's own accounts and trades of investments are left out, and counted. Raises
    ValidationFailed for a range that ends before it starts, or has more than MOST_SPANS months or weeks.
    """
    if start > end:
        raise errors.ValidationFailed(errors=[errors.FieldError("from", "after_to", "Start before the end.")])
    if (end - start).days / (28 if span == "month" else 7) > MOST_SPANS:
        detail = "These are too many points. Choose a longer interval or a shorter range."
        raise errors.ValidationFailed(errors=[errors.FieldError("interval", "too_many_points", detail)])
    return await run_db(_cash_flow, user_id, Asked(start, end, span, currency))


def _cash_flow(user_id: UUID, asked: Asked) -> CashFlow:
    with localcontext(prec=DIGITS):
        read = _read(user_id, asked)
        foreign = {
            (pair.out.date, pair.out.currency) for pair in read.moved if pair.out.currency != asked.base
        }
        foreign |= {(day, unit) for _, day, unit, _ in read.groups if day is not None}
        days, units = {day for day, _ in foreign}, {unit for _, unit in foreign}
        rates = rates_of_days(sorted(days), {*units, asked.base}) if foreign else {}
        sums = converted(read.groups, rates, asked.base)
        return _answer(asked, read, sums, _moved(asked, read.moved, rates))


def _read(user_id: UUID, asked: Asked) -> _Read:
    given: dict[str, Any] = {
        "user": user_id,
        "start": asked.start,
        "end": asked.end,
        "before": asked.before,
        "span": asked.span,
        "base": asked.base,
        "trades": sorted(TRADES),
        "never": sorted(NEVER),
        "near": timedelta(days=MOST_DAYS),
        "first": asked.before - AROUND,
        "last": asked.end + AROUND,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEGS, given)
        pairs = transfers(Leg(*row) for row in cursor.fetchall())
        cursor.execute(_FLOWS, given)
        rows = cursor.fetchall()
    groups, trades = {}, 0
    for _, span, day, unit, category, traded, *amounts in rows:
        if unit is None:
            continue  # nothing at all in this time
        if traded:
            trades += 0 if span is None else amounts[2] + amounts[3]
        else:
            groups[span, day, unit, category] = Sum(*amounts)
    return _Read(rows[0][0], trades, without_transfers(groups, pairs, asked), pairs)


def _moved(asked: Asked, moved: Iterable[Transfer], rates: Mapping[date, DayRates]) -> LeftOut:
    count, amount = 0, Decimal(0)
    for pair in moved:
        if asked.start <= pair.out.date <= asked.end or asked.start <= pair.into.date <= asked.end:
            count += 1
            unit = pair.out.currency
            if unit == asked.base:
                amount += pair.into.amount
            elif rates[pair.out.date].convertible(unit, asked.base):
                amount += rates[pair.out.date].in_base(pair.into.amount, unit, asked.base)
    return {"count": count, "amount": _Unit(asked.base, rounds=bool(rates)).shown(amount)}


def _answer(asked: Asked, read: _Read, sums: Sums, moved: LeftOut) -> CashFlow:
    base = _Unit(asked.base, rounds=bool(sums.rates_of))
    total = sums.total() if read.since is not None and read.since <= asked.end else None
    whole_before = read.since is not None and read.since <= asked.before and None not in sums.partly
    before = sums.by_span.get(None, Sum()) if whole_before else None
    return {
        "currency": asked.base,
        "start": asked.start,
        "end": asked.end,
        "since": read.since,
        "rates": {"source": SOURCE, "date": min(sums.rates_of)} if sums.rates_of else None,
        "total": base.flow(total) if total else None,
        "before": base.flow(before) if before else None,
        "series": list(_series(asked, read.since, sums, base)),
        "categories": _categories(sums, base, total, before_known=whole_before),
        "transfers_left_out": moved,
        "trades_left_out": read.trades,
        "unconverted": [
            {"currency": unit, "count": each.ins + each.outs, **_Unit(unit).flow(each)}
            for unit, each in sorted(sums.unconverted.items())
        ],
    }


def _series(asked: Asked, since: date | None, sums: Sums, base: _Unit) -> Iterator[SpanFlow]:
    """Spans before the first transaction are not known, nor those in which nothing has a rate."""
    for start, end in spans(asked.start, asked.end, asked.span):
        first = first_day(start, asked.span)
        told = first in sums.by_span or first not in sums.partly
        if since is not None and since <= end and told:
            yield {"start": start, "end": end, **base.flow(sums.by_span.get(first, Sum()))}


def _categories(sums: Sums, base: _Unit, total: Sum | None, *, before_known: bool) -> list[CategoryFlow]:
    rows: list[CategoryFlow] = []
    for name, each in sorted(sums.by_category.items(), key=lambda item: (item[1].out, item[0])):
        share = each.out / total.out if total and total.out else Decimal(0)
        before = sums.before_by_category.get(name, Sum()).out if before_known else None
        rows.append(
            {
                "category": name,
                "amount": base.shown(each.out),
                "share": f"{share:.4f}",
                "count": each.outs,
                "before": None if before is None else base.shown(before),
            }
        )
    return rows
