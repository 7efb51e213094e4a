"""Counts of what an account or a connection holds: what its person is told before it is deleted."""

from datetime import date
from typing import TypedDict
from uuid import UUID

from django.db import connection

from dashtam.bridge.doors import run_db
from dashtam.errors import NotFound

_CONTENTS = """
SELECT count(*), coalesce(sum(rows.count), 0)::int, min(rows.first), max(rows.last), coalesce(sum(rows.noted), 0)::int,
    coalesce(sum(days.count), 0)::int, coalesce(sum(held.count), 0)::int
FROM providers_financialaccount AS account
CROSS JOIN LATERAL (
    SELECT count(*), min(date) AS first, max(date) AS last,
        count(*) FILTER (WHERE note <> '' OR feed_category IS NOT NULL OR id IN (
            SELECT event FROM providers_edit WHERE account_id = account.id
        )) AS noted
    FROM providers_transaction WHERE account_id = account.id
) AS rows
CROSS JOIN LATERAL (SELECT count(*) FROM providers_balancesnapshot WHERE account_id = account.id) AS days
CROSS JOIN LATERAL (SELECT count(*) FROM providers_holding WHERE account_id = account.id) AS held
WHERE account.user_id = %(user)s AND """


class Contents(TypedDict):
    """Numbers of rows; `noted` transactions have words of their person. `days` are of balances."""

    accounts: int
    transactions: int
    first: date | None
    last: date | None
    noted: int
    days: int
    holdings: int


async def account_contents(user_id: UUID, account_id: UUID, /) -> Contents:
    """The contents of one account. Raises NotFound."""
    found = await run_db(_contents, "account.id = %(id)s", user_id, account_id)
    if not found["accounts"]:
        raise NotFound
    return found


async def connection_contents(user_id: UUID, connection_id: UUID, /) -> Contents:
    """The contents of all accounts of a connection."""
    return await run_db(_contents, "account.connection_id = %(id)s", user_id, connection_id)


def _contents(which: str, user_id: UUID, id: UUID) -> Contents:
    with connection.cursor() as cursor:
        cursor.execute(_CONTENTS + which, {"user": user_id, "id": id})
        accounts, transactions, first, last, noted, days, holdings = cursor.fetchone()
    return {
        "accounts": accounts,
        "transactions": transactions,
        "first": first,
        "last": last,
        "noted": noted,
        "days": days,
        "holdings": holdings,
    }
