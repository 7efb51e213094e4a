"""Net worth over time, in one currency: no amount is ever converted at a made-up rate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TypedDict
from uuid import UUID

from django.db import connection
from django.utils import timezone

from dashtam import errors
from dashtam.bridge.doors import run_db
from dashtam.cache import cache
from providers.ledger.balance_sums import DaySum, day_sums
from providers.ledger.intervals import Interval, points
from providers.ledger.money import plain, total
from providers.rates.conversion import SOURCE, DayRates
from providers.rates.lookup import rates_of_days
from providers.rates.models import MARKER

DEFAULT_RANGE = timedelta(days=90)
KEPT_SECONDS = 3600
MOST_POINTS = 4_000
_STEP = {"day": 1, "week": 7, "month": 28}

# Changes with every balance that lands, every account that comes or goes, and every day of rates.
_VERSION = """
SELECT concat_ws('.', count(*), sum(balances_version), max(created_at),
    (SELECT min(day) FROM providers_exchangerate WHERE currency = %(marker)s),
    (SELECT max(day) FROM providers_exchangerate WHERE currency = %(marker)s)
), max(balance_as_of) FILTER (WHERE in_net_worth)
FROM providers_financialaccount WHERE user_id = %(user)s
"""


class Amounts(TypedDict):
    """Decimals as text; liabilities are negative, so that the total is the sum of both."""

    total: str
    assets: str
    liabilities: str


class AmountsIn(Amounts):
    """Amounts in a currency."""

    currency: str


class AmountsOn(Amounts):
    """Amounts at the end of a day."""

    date: date


class RatesUsed(TypedDict):
    """The source of the rates in a total, and the day of the oldest of them."""

    source: str
    date: date


class NetWorth(TypedDict):
    """The amounts are None where no balance is known, or none can be converted.

    `as_of` is when the newest balance was so; `rates` is None where no rate was needed.
    """

    as_of: datetime | None
    currency: str
    total: str | None
    assets: str | None
    liabilities: str | None
    rates: RatesUsed | None
    unconverted: list[AmountsIn]
    series: list[AmountsOn]


@dataclass(frozen=True, slots=True)
class _Converted:
    """Total and assets are each rounded once; what is shown adds up, to the cent, in the liabilities."""

    total: Decimal
    assets: Decimal
    rates_of: date | None

    def amounts(self, currency: str) -> Amounts:
        return _amounts(self.assets, total([self.total, self.assets.copy_negate()]), currency)

    @property
    def rates(self) -> RatesUsed | None:
        return {"source": SOURCE, "date": self.rates_of} if self.rates_of else None


async def net_worth(
    user_id: UUID,
    /,
    start: date | None = None,
    end: date | None = None,
    interval: Interval = "day",
    currency: str = "USD",
) -> NetWorth:
    """Assets, liabilities (negative) and their total at `end`, and at each point from `start` on.

    By default the last ninety days up to today or, where an institution's clock is ahead of ours, up to its
    last balance. Each point is converted at the rates of its own day. Currencies without a rate at the end are
    in `unconverted` and in no point; days without amounts, or without the rates for them, are left out.
    """
    version, newest = await run_db(_version, user_id)
    end = end or max(timezone.now().astimezone(UTC).date(), newest or date.min)
    start = start or end - DEFAULT_RANGE
    _bounded(start, end, interval)
    # The key carries the version of the data, so no entry has to be dropped when balances change.
    key = f"net-worth:{user_id}:{version}:{start}:{end}:{interval}:{currency}"
    kept = await cache().get(key, NetWorth)
    if kept is not None:
        return kept
    answer = await run_db(_net_worth, user_id, start, end, interval, currency)
    await cache().set(key, answer, seconds=KEPT_SECONDS)
    return answer


def _version(user_id: UUID) -> tuple[str, date | None]:
    with connection.cursor() as cursor:
        cursor.execute(_VERSION, {"user": user_id, "marker": MARKER})
        version, newest = cursor.fetchone()
    return version, newest and newest.astimezone(UTC).date()


def _net_worth(user_id: UUID, start: date, end: date, interval: Interval, base: str) -> NetWorth:
    days = list(points(start, end, interval))
    sums, as_of = day_sums(user_id, days)
    rates = _rates(days, {row.currency for row in sums} - {base}, base)
    by_day = {day: list(rows) for day, rows in groupby(sums, key=lambda row: row.day)}
    last = by_day.get(end, [])
    left_out = _left_out(sums, rates, base)
    converted = {day: _converted(rows, rates[day], base, left_out) for day, rows in by_day.items()}
    now = _converted((row for row in last if rates[end].convertible(row.currency, base)), rates[end], base)
    amounts = now.amounts(base) if now else {"total": None, "assets": None, "liabilities": None}
    return {
        "as_of": as_of,
        "currency": base,
        **amounts,  # type: ignore[typeddict-item]  # either form fits
        "rates": now.rates if now else None,
        "unconverted": [
            {"currency": row.currency, **_amounts(row.assets, row.liabilities, row.currency)}
            for row in last
            if not rates[end].convertible(row.currency, base)
        ],
        "series": [{"date": day, **point.amounts(base)} for day, point in converted.items() if point],
    }


def _rates(days: Sequence[date], others: set[str], base: str) -> Mapping[date, DayRates]:
    """Without another currency than the base, no rate is needed and none is asked for."""
    return rates_of_days(days, {*others, base}) if others else {day: DayRates(day) for day in days}


def _left_out(sums: Sequence[DaySum], rates: Mapping[date, DayRates], base: str) -> set[str]:
    """The currencies that no point counts, so that all points are of the same accounts as the total.

    These are the ones without a rate on the last day that they have an amount on. Where that would leave no
    currency at the end, all count, as long as there were rates.
    """
    last = {row.currency: row.day for row in sums}
    out = {unit for unit, day in last.items() if not rates[day].convertible(unit, base)}
    at_end = {unit for unit, day in last.items() if day == max(last.values())}
    return out if at_end - out else set()


def _converted(
    rows: Iterable[DaySum], rates: DayRates, base: str, left_out: Iterable[str] = ()
) -> _Converted | None:
    """The amounts of a day in the base; None if there are none, or one of them has no rate."""
    counted = [row for row in rows if row.currency not in left_out]
    assets = rates.convert({row.currency: row.assets for row in counted}, base)
    whole = rates.convert({row.currency: total([row.assets, row.liabilities]) for row in counted}, base)
    if assets.total is None or whole.total is None or whole.unconverted:
        return None
    return _Converted(whole.total, assets.total, whole.as_of)


def _amounts(assets: Decimal, liabilities: Decimal, currency: str) -> Amounts:
    return {
        "total": plain(total([assets, liabilities]), currency),
        "assets": plain(assets, currency),
        "liabilities": plain(liabilities, currency),
    }


def _bounded(start: date, end: date, interval: Interval) -> None:
    """Raise ValidationFailed for a range that ends before it starts, or has more than MOST_POINTS points."""
    if start > end:
        raise errors.ValidationFailed(errors=[errors.FieldError("from", "after_to", "Start before the end.")])
    if (end - start).days / _STEP[interval] > MOST_POINTS:
        detail = "These are too many points. Choose a longer interval or a shorter range."
        raise errors.ValidationFailed(errors=[errors.FieldError("interval", "too_many_points", detail)])
