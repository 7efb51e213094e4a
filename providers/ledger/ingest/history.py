"""Writes the balances that are worked out from an account's rows; see `providers.ledger.history`."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from providers.ledger.counted import newest_day
from providers.ledger.history import Moved, Period, Stated, worked_out

# Rows of these add up to the balance. The value of investments moves without rows, and a payment of a loan is partly
# interest.
TYPES = ("depository", "credit")

_STATED = """
SELECT date, current FROM providers_balancesnapshot
WHERE account_id = %(account)s AND NOT derived AND date <= %(newest)s ORDER BY date
"""
# A row that was first seen after the balance of its day was read is not in that balance.
_MOVED = """
SELECT moved.date, sum(moved.amount),
    coalesce(sum(moved.amount) FILTER (WHERE moved.first_seen_at > stated.fetched_at), 0),
    bool_and(moved.currency = account.currency)
FROM providers_financialaccount AS account
JOIN providers_transaction AS moved ON moved.account_id = account.id AND moved.status = 'posted'
LEFT JOIN providers_balancesnapshot AS stated
    ON stated.account_id = account.id AND stated.date = moved.date AND NOT stated.derived
WHERE account.id = %(account)s AND account.type = ANY(%(types)s)
GROUP BY moved.date ORDER BY moved.date
"""
_FORGET = "DELETE FROM providers_balancesnapshot WHERE account_id = %(account)s AND derived"
_WRITE = """
INSERT INTO providers_balancesnapshot (account_id, date, current, as_of, fetched_at, derived)
SELECT %(account)s, new.date, new.current,
    (new.date + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 microsecond', now(), true
FROM unnest(%(dates)s::date[], %(amounts)s::numeric[]) AS new (date, current)
ON CONFLICT (account_id, date) DO NOTHING
"""
_TOUCH = (
    "UPDATE providers_financialaccount SET balances_version = balances_version + 1 WHERE id = %(account)s"
)


def forget_history(account_id: UUID) -> None:
    """Delete what was worked out, before stated balances are written over it."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"account": account_id})


@transaction.atomic
def rebuild_history(account_id: UUID, periods: Iterable[Period]) -> None:
    """Work out the balances of an account anew; `periods` are the days of which all its rows are known.

    Only SQL, no models: a migration calls it.
    """
    values: dict[str, Any] = {"account": account_id, "types": list(TYPES), "newest": newest_day()}
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, values)
        cursor.execute(_STATED, values)
        stated = [Stated(*row) for row in cursor.fetchall()]
        cursor.execute(_MOVED, values)
        moved = [Moved(*row) for row in cursor.fetchall()]
        found = worked_out(stated, moved, periods) if moved else []
        columns = {"dates": [day for day, _ in found], "amounts": [amount for _, amount in found]}
        cursor.execute(_WRITE, values | columns)
        cursor.execute(_TOUCH, values)
