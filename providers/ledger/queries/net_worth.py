"""Net worth over time, per currency: no amount is ever converted at a made-up rate."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, Sum
from django.utils import timezone

from dashtam import errors
from dashtam.bridge.doors import run_db
from dashtam.cache import cache
from providers.ledger.intervals import Interval, points
from providers.ledger.models import FinancialAccount
from providers.ledger.money import plain, total

DEFAULT_RANGE = timedelta(days=90)
KEPT_SECONDS = 3600
MOST_POINTS = 4_000
_STEP = {"day": 1, "week": 7, "month": 28}

# For each point and account the last balance known by then. An account that was closed counts until it closed.
_SERIES = """
SELECT point.day, account.currency, sum(greatest(known.current, 0)), sum(least(known.current, 0)), max(known.as_of)
FROM unnest(%(days)s::date[]) AS point (day)
CROSS JOIN providers_financialaccount AS account
CROSS JOIN LATERAL (
    SELECT current, as_of FROM providers_balancesnapshot AS snapshot
    WHERE snapshot.account_id = account.id AND snapshot.date <= point.day
    ORDER BY snapshot.date DESC LIMIT 1
) AS known
WHERE account.user_id = %(user)s AND (account.closed_at IS NULL OR account.closed_at::date > point.day)
GROUP BY point.day, account.currency
ORDER BY point.day, account.currency
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


class NetWorth(AmountsIn):
    """Net worth at the end of a range. `as_of` is the time of the newest balance in it; None when none is known."""

    as_of: datetime | None
    unconverted: list[AmountsIn]
    series: list[AmountsOn]


@dataclass(frozen=True, slots=True)
class _Sum:
    day: date
    currency: str
    assets: Decimal
    liabilities: Decimal
    as_of: datetime


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
    last balance. Days before anything is known are left out. Amounts in other currencies are in `unconverted`.
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
    """A text that changes with every balance and every account; and the day of the newest balance."""
    mine = FinancialAccount.objects.filter(user_id=user_id)
    found = mine.aggregate(
        accounts=Count("id"),
        changes=Sum("balances_version"),
        last=Max("created_at"),
        newest=Max("balance_as_of"),
    )
    newest = found["newest"]
    return f"{found['accounts']}.{found['changes']}.{found['last']}", newest and newest.astimezone(UTC).date()


def _net_worth(user_id: UUID, start: date, end: date, interval: Interval, currency: str) -> NetWorth:
    sums = _sums(user_id, list(points(start, end, interval)))
    last = [row for row in sums if row.day == end]
    here = next((row for row in last if row.currency == currency), None)
    now = _amounts_in(here, currency)
    return {
        "as_of": max((row.as_of for row in last), default=None),
        **now,
        "unconverted": [_amounts_in(row, row.currency) for row in last if row.currency != currency],
        "series": [{"date": row.day, **_amounts(row, currency)} for row in sums if row.currency == currency],
    }


def _sums(user_id: UUID, days: list[date]) -> list[_Sum]:
    with connection.cursor() as cursor:
        cursor.execute(_SERIES, {"user": user_id, "days": days})
        return [_Sum(*row) for row in cursor.fetchall()]


def _amounts(row: _Sum | None, currency: str) -> Amounts:
    assets, liabilities = (row.assets, row.liabilities) if row else (Decimal(0), Decimal(0))
    return {
        "total": plain(total([assets, liabilities]), currency),
        "assets": plain(assets, currency),
        "liabilities": plain(liabilities, currency),
    }


def _amounts_in(row: _Sum | None, currency: str) -> AmountsIn:
    return {"currency": currency, **_amounts(row, currency)}


def _bounded(start: date, end: date, interval: Interval) -> None:
    """Raise ValidationFailed for a range that ends before it starts, or has more than MOST_POINTS points."""
    if start > end:
        raise errors.ValidationFailed(errors=[errors.FieldError("from", "after_to", "Start before the end.")])
    if (end - start).days / _STEP[interval] > MOST_POINTS:
        detail = "These are too many points. Choose a longer interval or a shorter range."
        raise errors.ValidationFailed(errors=[errors.FieldError("interval", "too_many_points", detail)])
