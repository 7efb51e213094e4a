"""The two lists that are read all day, as SQL: building it anew from models each time took longer than the rest.

Amounts come as text without the zeros of their column's width, and times without their zone, which is UTC
always: PostgreSQL and psycopg do both faster than Python.
"""

from collections.abc import Sequence
from datetime import UTC, date
from typing import Any
from uuid import UUID

from django.db import connection

from dashtam.api.keyset import beyond, text
from dashtam.api.paging import Page

Row = dict[str, Any]

_TIMES = {"as_of", "fetched_at", "closed_at", "posted_at"}
_ACCOUNT = (
    *("id", "connection_id", "provider", "connection_state", "name", "mask", "type", "subtype", "currency"),
    *("current", "available", "limit", "as_of", "fetched_at", "closed_at"),
)
_TRANSACTION = (
    *("id", "account_id", "date", "posted_at", "status", "amount", "currency", "description", "kind"),
    *("symbol", "quantity", "price", "fees", "category", "note"),
)
_ACCOUNTS = """
SELECT a.id, a.connection_id, c.provider, c.state, a.name, a.mask, a.type, a.subtype, a.currency,
    trim_scale(a.balance_current)::text, trim_scale(a.balance_available)::text, trim_scale(a.balance_limit)::text,
    a.balance_as_of AT TIME ZONE 'UTC', a.balance_fetched_at AT TIME ZONE 'UTC', a.closed_at AT TIME ZONE 'UTC'
FROM providers_financialaccount AS a JOIN providers_connection AS c ON c.id = a.connection_id
WHERE a.user_id = %s"""
_IN_ORDER = " ORDER BY a.type, a.name, a.id LIMIT %s"

_TRANSACTIONS = """
SELECT t.id, t.account_id, t.date, t.posted_at AT TIME ZONE 'UTC', t.status, trim_scale(t.amount)::text, t.currency,
    t.description, t.kind, s.symbol, trim_scale(t.quantity)::text, trim_scale(t.price)::text,
    trim_scale(t.fees)::text, t.category, t.note
FROM providers_transaction AS t LEFT JOIN providers_security AS s ON s.id = t.security_id
WHERE """
_OF_ACCOUNT = (
    "t.account_id = %s AND EXISTS (SELECT FROM providers_financialaccount WHERE id = %s AND user_id = %s)"
)
_OF_PERSON = "t.user_id = %s"
_NEWEST_FIRST = " ORDER BY t.date DESC, t.id DESC LIMIT %s"


def accounts(
    user_id: UUID, page: Page, *, id: UUID | None = None, connection_id: UUID | None = None
) -> list[Row]:
    """A page of the person's accounts and one more; or one account, or those of a connection."""
    after, values = beyond(page, "(a.type, a.name, a.id) > (%s, %s, %s)", text, text, UUID)
    which, narrowed = "", []
    if id is not None:
        which, narrowed = " AND a.id = %s", [id]
    elif connection_id is not None:
        which, narrowed = " AND a.connection_id = %s", [connection_id]
    return _rows(_ACCOUNT, _ACCOUNTS + which + after + _IN_ORDER, user_id, *narrowed, *values, page.limit + 1)


def transactions(user_id: UUID, page: Page, account_id: UUID | None) -> list[Row]:
    """A page of the person's transactions, or those of one account that is theirs, and one more."""
    after, values = beyond(page, "(t.date, t.id) < (%s, %s)", date.fromisoformat, UUID)
    if account_id is None:
        return _rows(
            _TRANSACTION, _TRANSACTIONS + _OF_PERSON + after + _NEWEST_FIRST, user_id, *values, page.limit + 1
        )
    whose = (account_id, account_id, user_id)
    return _rows(
        _TRANSACTION, _TRANSACTIONS + _OF_ACCOUNT + after + _NEWEST_FIRST, *whose, *values, page.limit + 1
    )


def _rows(names: Sequence[str], sql: str, *values: Any) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        for name in _TIMES.intersection(row):
            if row[name] is not None:
                row[name] = row[name].replace(tzinfo=UTC)
    return rows
