"""Net worth over time, in one currency: no amount is ever converted at a made-up rate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from dashtam import errors
from dashtam.bridge.doors import run_db
from dashtam.cache import cache
from providers.ledger.balance_sums import DaySum, day_sums
from providers.ledger.cash_flow.intervals import Interval, points
from providers.ledger.changes import Change, change, ends
from providers.ledger.counted import counted_accounts, newest_day
from providers.ledger.money import plain, total
from providers.rates.conversion import SOURCE, DayRates
from providers.rates.lookup import rates_of_days
from providers.rates.models import MARKER

DEFAULT_RANGE = timedelta(days=90)
KEPT_SECONDS = 3600
MOST_POINTS = 4_000
_STEP = {"day": 1, "week": 7, "month": 28}

# Changes with every balance that lands, every account that comes or goes, and every day of rates. Beside it: the newest
# day with a balance, where that is ahead of the person's own.
_VERSION = f"""
WITH counted AS ({counted_accounts()})
SELECT concat_ws('.', count(*), sum(balances_version), max(created_at),
    (SELECT min(day) FROM providers_exchangerate WHERE currency = %(marker)s),
    (SELECT max(day) FROM providers_exchangerate WHERE currency = %(marker)s)
), (
    SELECT max(ahead.date) FROM counted CROSS JOIN LATERAL (
        SELECT date FROM providers_balancesnapshot
        WHERE account_id = counted.id AND date > %(today)s AND date <= %(newest)s ORDER BY date DESC LIMIT 1
    ) AS ahead
)
FROM counted
"""  # noqa: S608 our own words


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

    `as_of` is when the newest balance was so; `rates` is None where no rate was needed. `change` is None with fewer
    than two points. `unknown_accounts` are open, have no balance that is known, and so are in no figure. Of
    `derived_accounts` some balances were worked out from their transactions.
    """

    as_of: datetime | None
    currency: str
    total: str | None
    assets: str | None
    liabilities: str | None
    rates: RatesUsed | None
    unconverted: list[AmountsIn]
    unknown_accounts: int
    derived_accounts: int
    change: Change | None
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
    zone: str = "UTC",
) -> NetWorth:
    """Assets, liabilities (negative) and their total at `end`, and at each point from `start` on.

    By default the last ninety days up to today in the person's time zone or, where an account's own day is ahead of
    it, up to its last balance. A range ends at the latest day that has begun anywhere. Each point is converted at the
    rates of its own day. Currencies without a rate at the end are in `unconverted` and in no point; days without
    amounts, or without the rates for them, are left out.
    """
    now = timezone.now()
    today, newest = now.astimezone(ZoneInfo(zone)).date(), newest_day(now)
    version, ahead = await run_db(_version, user_id, today, newest)
    end = min(end or ahead or today, newest)
    start = start or end - DEFAULT_RANGE
    _bounded(start, end, interval)
    # The key carries the version of the data, so no entry has to be dropped when balances change.
    key = f"net-worth-changes:{user_id}:{version}:{start}:{end}:{interval}:{currency}"
    kept = await cache().get(key, NetWorth)
    if kept is not None:
        return kept
    answer = await run_db(_net_worth, user_id, start, end, interval, currency)
    await cache().set(key, answer, seconds=KEPT_SECONDS)
    return answer


def _version(user_id: UUID, today: date, newest: date) -> tuple[str, date | None]:
    with connection.cursor() as cursor:
        cursor.execute(_VERSION, {"user": user_id, "marker": MARKER, "today": today, "newest": newest})
        version, ahead = cursor.fetchone()
    return version, ahead


def _net_worth(user_id: UUID, start: date, end: date, interval: Interval, base: str) -> NetWorth:
    days = list(points(start, end, interval))
    sums, as_of = day_sums(user_id, days)
    rates = _rates(days, {row.currency for row in sums} - {base}, base)
    by_day = {day: list(rows) for day, rows in groupby(sums, key=lambda row: row.day)}
    last = by_day.get(end, [])
    left_out = _left_out(sums, rates, base)
    counted = {day: _converted(rows, rates[day], base, left_out) for day, rows in by_day.items()}
    told = {day: point for day, point in counted.items() if point}
    first, until = min(told, default=start), max(told, default=end)
    found = ends(user_id, first, until)
    totals = [(day, told[day].total) for day in (first, until) if day in told]
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
        "unknown_accounts": sum(each.unknown for each in found),
        "derived_accounts": sum(each.derived for each in found),
        "change": change(found, *totals, rates, base, left_out) if len(told) > 1 else None,
        "series": [{"date": day, **point.amounts(base)} for day, point in told.items()],
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
