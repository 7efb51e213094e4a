"""Sums of balances over accounts, for each of many days."""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from providers.ledger.money import total

# The days on which a person's assets and liabilities change, by how much, and in how many accounts more (or fewer) a
# balance is known. The first is the first point of the series, with all that is known by then. One pass over the
# snapshots between first and last point, each compared with the one before; an account counts until it closed, unless
# its person leaves it out. Beside them: when the newest balance on the last day was so.
_CHANGES = """
WITH account AS (
    SELECT account.id, account.currency, account.closes, before.current
    FROM (
        SELECT id, currency, coalesce(closed_at::date, 'infinity') AS closes
        FROM providers_financialaccount WHERE user_id = %(user)s AND in_net_worth
    ) AS account
    LEFT JOIN LATERAL (
        SELECT current FROM providers_balancesnapshot
        WHERE account_id = account.id AND date <= %(first)s ORDER BY date DESC LIMIT 1
    ) AS before ON true
    WHERE account.closes > %(first)s
),
change AS (
    SELECT %(first)s::date AS day, currency, sum(greatest(current, 0)) AS assets, sum(least(current, 0)) AS liabilities,
        count(*) AS accounts
    FROM account WHERE current IS NOT NULL GROUP BY currency
    UNION ALL
    SELECT new.date, account.currency, sum(greatest(new.current, 0) - greatest(coalesce(new.earlier, 0), 0)),
        sum(least(new.current, 0) - least(coalesce(new.earlier, 0), 0)), count(*) FILTER (WHERE new.earlier IS NULL)
    FROM account CROSS JOIN LATERAL (
        SELECT date, current, lag(current, 1, account.current) OVER (ORDER BY date) AS earlier
        FROM providers_balancesnapshot
        WHERE account_id = account.id AND date > %(first)s AND date <= %(last)s AND date < account.closes
    ) AS new
    WHERE new.current IS DISTINCT FROM new.earlier GROUP BY new.date, account.currency
    UNION ALL
    SELECT account.closes, account.currency, -greatest(last.current, 0), -least(last.current, 0), -1
    FROM account CROSS JOIN LATERAL (
        SELECT current FROM providers_balancesnapshot
        WHERE account_id = account.id AND date < account.closes ORDER BY date DESC LIMIT 1
    ) AS last
    WHERE account.closes <= %(last)s
)
SELECT day, currency, sum(assets), sum(liabilities), sum(accounts)::int, (
    SELECT max(known.as_of) FROM providers_financialaccount AS account CROSS JOIN LATERAL (
        SELECT as_of FROM providers_balancesnapshot
        WHERE account_id = account.id AND date <= %(last)s ORDER BY date DESC LIMIT 1
    ) AS known
    WHERE account.user_id = %(user)s AND account.in_net_worth
        AND (account.closed_at IS NULL OR account.closed_at::date > %(last)s)
)
FROM change GROUP BY day, currency ORDER BY day
"""


@dataclass(frozen=True, slots=True)
class DaySum:
    """Assets and liabilities (negative) of one day in one currency."""

    day: date
    currency: str
    assets: Decimal
    liabilities: Decimal


@dataclass(slots=True)
class _Running:
    """The sums of one currency while the days go by. `accounts` counts those whose balance is known."""

    assets: Decimal = Decimal(0)
    liabilities: Decimal = Decimal(0)
    accounts: int = 0

    def add(self, assets: Decimal, liabilities: Decimal, accounts: int) -> None:
        self.assets = total([self.assets, assets])
        self.liabilities = total([self.liabilities, liabilities])
        self.accounts += accounts


def day_sums(user_id: UUID, days: Sequence[date]) -> tuple[list[DaySum], datetime | None]:
    """The sums of each day by currency, and when the newest balance on the last day was so."""
    values: dict[str, Any] = {"user": user_id, "first": days[0], "last": days[-1]}
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, values)
        changes = cursor.fetchall()
    return list(_by_day(days, changes)), changes[0][-1] if changes else None


def _by_day(days: Sequence[date], changes: Sequence[tuple[Any, ...]]) -> Iterator[DaySum]:
    """Add the changes up, and tell the sums at each point."""
    running: dict[str, _Running] = defaultdict(_Running)
    left = deque(changes)
    for day in days:
        while left and left[0][0] <= day:
            _, currency, *change, _ = left.popleft()
            running[currency].add(*change)
        for currency, sums in sorted(running.items()):
            if sums.accounts:
                yield DaySum(day, currency, sums.assets, sums.liabilities)
