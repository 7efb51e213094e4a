"""The proof of an account's days: the balance before, plus the rows, gives the balance after."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db import connection

from dashtam.errors import NotFound
from providers.ledger.counted import newest_day
from providers.ledger.history import Moved, Stated, difference
from providers.ledger.ingest.history import TYPES
from providers.ledger.money import total

DAY = timedelta(days=1)
_ACCOUNT = """
SELECT account.currency, account.type, least(
    (SELECT min(date) FROM providers_transaction WHERE account_id = account.id),
    (SELECT min(date) FROM providers_balancesnapshot WHERE account_id = account.id AND NOT derived)
)
FROM providers_financialaccount AS account WHERE account.user_id = %(user)s AND account.id = %(account)s
"""
# From the last stated balance before the first day to the first one at or after the last day.
_STATED = """
SELECT date, current FROM providers_balancesnapshot
WHERE account_id = %(account)s AND NOT derived AND lacks = ''
    AND date >= coalesce((
        SELECT max(date) FROM providers_balancesnapshot
        WHERE account_id = %(account)s AND NOT derived AND lacks = '' AND date < %(first)s
    ), %(first)s)
    AND date <= least(%(newest)s, coalesce((
        SELECT min(date) FROM providers_balancesnapshot
        WHERE account_id = %(account)s AND NOT derived AND lacks = '' AND date >= %(last)s
    ), %(last)s))
ORDER BY date
"""
# The institution counts rows that their person has hidden or deleted, and does not count those of their own. A row
# that was first seen after the balance of its day was read is not in that balance.
_MOVED = """
WITH rows AS (
    SELECT date, amount, currency, first_seen_at FROM providers_transaction AS row
    WHERE account_id = %(account)s AND status = 'posted' AND date BETWEEN %(from)s AND %(to)s
        AND NOT EXISTS (
            SELECT FROM providers_source AS source JOIN providers_observation AS said ON said.source_id = source.id
            WHERE source.account_id = %(account)s AND source.kind = 'person' AND said.event = row.id
        )
    UNION ALL
    SELECT said.date, said.amount, said.unit, said.at
    FROM (
        SELECT DISTINCT event FROM providers_edit
        WHERE account_id = %(account)s AND field IN ('hidden', 'deleted') AND value <> ''
    ) AS aside
    CROSS JOIN LATERAL (
        SELECT o.date, o.amount, o.unit, o.at FROM providers_observation AS o
        JOIN providers_source AS source ON source.id = o.source_id
        WHERE o.event = aside.event AND o.state = 0 AND o.status = 2 AND source.kind <> 'person'
        ORDER BY source.kind, o.id DESC LIMIT 1
    ) AS said
    WHERE said.date BETWEEN %(from)s AND %(to)s
)
SELECT rows.date, sum(rows.amount),
    coalesce(sum(rows.amount) FILTER (WHERE rows.first_seen_at > stated.fetched_at), 0),
    bool_and(rows.currency = %(currency)s)
FROM rows
LEFT JOIN providers_balancesnapshot AS stated
    ON stated.account_id = %(account)s AND stated.date = rows.date AND NOT stated.derived
GROUP BY rows.date ORDER BY rows.date
"""

Status = Literal["proved", "unproved", "gap"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of one standing, both included, between two stated balances or beyond them.

    `opening` and `closing` are the stated balances around, `moved` the sum of the rows between, and `missing` the
    part of the change that these do not account for.
    """

    first: date
    last: date
    status: Status
    opening: Decimal | None = None
    closing: Decimal | None = None
    moved: Decimal | None = None
    missing: Decimal | None = None

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.last - self.first).days + 1


def stretches(stated: Sequence[Stated], moved: Sequence[Moved], first: date, last: date) -> list[Stretch]:
    """The standing of all days from the first to the last, in their order.

    The days after one stated balance, up to the next, are proved or a gap together. Days that no two balances
    surround are unproved, and so are those with a row in another currency.
    """
    found = list(_between(stated, moved))
    if found:
        found = [*_beyond(first, found[0].first - DAY), *found, *_beyond(found[-1].last + DAY, last)]
    else:
        found = list(_beyond(first, last))
    return [each for each in found if each.last >= first and each.first <= last]


def _beyond(first: date, last: date) -> Iterator[Stretch]:
    if first <= last:
        yield Stretch(first, last, "unproved")


def _between(stated: Sequence[Stated], moved: Sequence[Moved]) -> Iterator[Stretch]:
    by_day = {each.day: each for each in moved}
    rows = iter(moved)
    following = next(rows, None)
    for start, end in itertools.pairwise(stated):
        between: list[Moved] = []
        while following is not None and following.day < end.day:
            if following.day > start.day:
                between.append(following)
            following = next(rows, None)
        missing = difference(start, end, between, by_day)
        if missing is None:
            yield Stretch(start.day + DAY, end.day, "unproved", start.amount, end.amount)
            continue
        change = total([end.amount, start.amount.copy_negate(), missing.copy_negate()])
        status: Status = "gap" if missing else "proved"
        yield Stretch(start.day + DAY, end.day, status, start.amount, end.amount, change, missing)


@dataclass(frozen=True, slots=True)
class Proof:
    """The standing of an account's days, as stretches in order. `applies` is false where rows do not make the value."""

    currency: str
    applies: bool
    first: date
    last: date
    stretches: Sequence[Stretch]


def proof_now(user_id: UUID, account_id: UUID, first: date | None, last: date | None) -> Proof:
    """The standing of an account's days, from its first known one on if none is given. Raises NotFound."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNT, {"user": user_id, "account": account_id})
        found = cursor.fetchone()
        if found is None:
            raise NotFound
        currency, type_, known = found
        last = min(last or newest_day(), newest_day())
        first = max(first, known) if first and known else known or first or last
        applies = type_ in TYPES
        if not applies or first > last:
            return Proof(currency, applies, first, last, _unproved(first, last))
        values: dict[str, Any] = {"account": account_id, "first": first, "last": last, "newest": newest_day()}
        cursor.execute(_STATED, values)
        stated = [Stated(*row) for row in cursor.fetchall()]
        if len(stated) < 2:
            return Proof(currency, applies, first, last, _unproved(first, last))
        ends = {"from": stated[0].day, "to": stated[-1].day, "currency": currency}
        cursor.execute(_MOVED, values | ends)
        moved = [Moved(*row) for row in cursor.fetchall()]
    return Proof(currency, applies, first, last, stretches(stated, moved, first, last))


def _unproved(first: date, last: date) -> list[Stretch]:
    return [Stretch(first, last, "unproved")] if first <= last else []
