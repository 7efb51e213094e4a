"""The change of net worth between two days: accounts there at both ends, and those that were added or left."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypedDict
from uuid import UUID

from django.db import connection

from providers.ledger.counted import counted_accounts, newest_day
from providers.ledger.money import plain, total
from providers.rates.conversion import DayRates

# By currency: accounts known on the last day only with their balances there, those known on the first day only with
# theirs, those that are open and whose balance is not known, and those with a balance worked out from transactions.
_ENDS = f"""
WITH counted AS ({counted_accounts()})
SELECT counted.currency,
    coalesce(sum(later.current) FILTER (WHERE earlier.current IS NULL), 0),
    count(later.current) FILTER (WHERE earlier.current IS NULL),
    coalesce(sum(earlier.current) FILTER (WHERE later.current IS NULL), 0),
    count(earlier.current) FILTER (WHERE later.current IS NULL),
    count(*) FILTER (WHERE later.current IS NULL AND counted.closes > %(last)s),
    count(*) FILTER (WHERE EXISTS (
        SELECT FROM providers_balancesnapshot
        WHERE account_id = counted.id AND derived AND date < counted.closes
            AND date BETWEEN coalesce(earlier.date, %(first)s) AND %(last)s
    ))
FROM counted
LEFT JOIN LATERAL (
    SELECT current, date FROM providers_balancesnapshot
    WHERE account_id = counted.id AND date <= least(%(first)s, %(newest)s) ORDER BY date DESC LIMIT 1
) AS earlier ON counted.closes > %(first)s
LEFT JOIN LATERAL (
    SELECT current FROM providers_balancesnapshot
    WHERE account_id = counted.id AND date <= least(%(last)s, %(newest)s) ORDER BY date DESC LIMIT 1
) AS later ON counted.closes > %(last)s
GROUP BY counted.currency
"""  # noqa: S608 our own words


class Change(TypedDict):
    """The change between two days, decimals as text; `total` is the sum of `moved`, `added` and `left`.

    `before` is what the accounts that are there at both ends amounted to on the first day, and `moved` by how much
    that changed. `added` is what accounts that were added since amount to, `left` what those that left amounted to,
    with its sign turned.
    """

    since: date
    until: date
    total: str
    before: str
    moved: str
    added: str
    added_accounts: int
    left: str
    left_accounts: int


@dataclass(frozen=True, slots=True)
class Ends:
    """The accounts of one currency that are not known at both of two days, or have derived balances between them."""

    currency: str
    added: Decimal
    added_accounts: int
    left: Decimal
    left_accounts: int
    unknown: int
    derived: int


def ends(user_id: UUID, first: date, last: date) -> list[Ends]:
    """The accounts that were added or left between two days, by currency (sync)."""
    values: dict[str, Any] = {"user": user_id, "first": first, "last": last, "newest": newest_day()}
    with connection.cursor() as cursor:
        cursor.execute(_ENDS, values)
        return [Ends(*row) for row in cursor.fetchall()]


def change(
    found: Sequence[Ends],
    first: tuple[date, Decimal],
    last: tuple[date, Decimal],
    rates: Mapping[date, DayRates],
    base: str,
    left_out: Container[str],
) -> Change:
    """The change between two days with their totals. Sums are rounded one by one, and the cent is in `moved`."""
    told = [each for each in found if each.currency not in left_out]
    (since, before), (until, after) = first, last
    added = rates[until].convert({each.currency: each.added for each in told if each.added_accounts}, base)
    left = rates[since].convert({each.currency: each.left for each in told if each.left_accounts}, base)
    came, went = added.total or Decimal(0), left.total or Decimal(0)
    whole = total([after, before.copy_negate()])
    return {
        "since": since,
        "until": until,
        "total": plain(whole, base),
        "before": plain(total([before, went.copy_negate()]), base),
        "moved": plain(total([whole, came.copy_negate(), went]), base),
        "added": plain(came, base),
        "added_accounts": sum(each.added_accounts for each in told),
        "left": plain(went.copy_negate(), base),
        "left_accounts": sum(each.left_accounts for each in told),
    }
