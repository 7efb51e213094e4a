"""Reads of accounts, and of their balances day by day.

The list is read by SQL: composing it anew from models each time took longer than all the rest. PostgreSQL writes
amounts as text without the zeros of their column's width, and times without their zone, which is always UTC: it
and psycopg do both faster than Python.
"""

from datetime import UTC, date, datetime
from typing import Any, TypedDict
from uuid import UUID

from django.db import connection
from django.utils.timezone import now

from dashtam import errors
from dashtam.api.keyset import after, beyond, text
from dashtam.api.paging import ALL, Listing, Page, listing
from dashtam.bridge.doors import run_db
from providers import connectors
from providers.ledger.counted import newest_day
from providers.ledger.models import BalanceSnapshot
from providers.ledger.money import padded, plain

_ACCOUNTS = """
SELECT a.id, a.connection_id, c.provider, c.state, a.name, a.mask, a.type, a.subtype, a.currency,
    trim_scale(a.balance_current)::text, trim_scale(a.balance_available)::text, trim_scale(a.balance_limit)::text,
    a.balance_lacks, a.balance_as_of AT TIME ZONE 'UTC', a.balance_fetched_at AT TIME ZONE 'UTC',
    a.closed_at AT TIME ZONE 'UTC', a.institution_name, a.hidden, a.in_net_worth, a.closed_by_person,
    door.into_id, a.institution
FROM providers_financialaccount AS a JOIN providers_connection AS c ON c.id = a.connection_id
LEFT JOIN providers_accountdoor AS door ON door.account_id = a.id
WHERE a.user_id = %s"""
_TRENDS = """
SELECT account.id, array_agg(trim_scale(snapshot.current)::text ORDER BY snapshot.date)
FROM providers_financialaccount AS account
JOIN providers_balancesnapshot AS snapshot
    ON snapshot.account_id = account.id AND snapshot.date BETWEEN %(since)s AND %(newest)s
WHERE account.user_id = %(user)s
GROUP BY account.id
"""
_NO_DOOR = " AND door.account_id IS NULL"
_IN_ORDER = " ORDER BY a.type, a.name, a.id LIMIT %s"


class AccountBalances(TypedDict):
    """Decimals as text; money owed is negative. `as_of` is the institution's time, `fetched_at` ours.

    `source` is "feed", "file" or "person"; `stale` is true where that source should have had a newer balance by now.
    `lacks` names what `current` does not count: "cash", "holdings" (some of them), "cash_and_holdings", or nothing.
    """

    current: str | None
    available: str | None
    limit: str | None
    lacks: str
    as_of: datetime | None
    fetched_at: datetime | None
    source: str
    stale: bool


class AccountRow(TypedDict):
    """An account with its connection's provider and state. `name` is the person's own, if they gave one.

    `same_as` is the account that it is a further entrance to, which has all its rows; it is in no list. `institution`
    is the one behind an aggregator, or empty.
    """

    id: UUID
    connection_id: UUID
    provider: str
    provider_name: str
    connection_state: str
    name: str
    mask: str
    type: str
    subtype: str
    currency: str
    balances: AccountBalances
    closed_at: datetime | None
    institution_name: str
    hidden: bool
    in_net_worth: bool
    closed: bool
    closed_by_person: bool
    same_as: UUID | None
    institution: str


class BalanceRow(TypedDict):
    """An account's balances at the end of a day, decimals as text; for `lacks` see AccountBalances.

    A `derived` one was worked out from its rows; else `source` is "feed", "file" or "person".
    """

    date: date
    current: str
    available: str | None
    limit: str | None
    lacks: str
    as_of: datetime
    fetched_at: datetime
    currency: str
    derived: bool
    source: str


async def accounts(
    user_id: UUID, /, page: Page = ALL, *, connection_id: UUID | None = None, hidden: bool = True
) -> Listing[AccountRow]:
    """The person's accounts by type and name, those of ended connections included; without `hidden`, none of these."""
    return await run_db(_accounts, user_id, page, connection_id, hidden=hidden)


async def account(user_id: UUID, account_id: UUID, /) -> AccountRow:
    """One account. Raises NotFound."""
    return await run_db(_account, user_id, account_id)


async def balances(
    user_id: UUID,
    account_id: UUID,
    /,
    start: date | None = None,
    end: date | None = None,
    page: Page = ALL,
) -> Listing[BalanceRow]:
    """End-of-day balances of one account, newest first; both ends included. Raises NotFound."""
    return await run_db(_balances, user_id, account_id, start, end, page)


async def trends(user_id: UUID, /, since: date) -> dict[UUID, list[str]]:
    """Each account's end-of-day balances since a day, the oldest first; decimals as text."""
    return await run_db(_trends, user_id, since)


def _accounts(user_id: UUID, page: Page, connection_id: UUID | None, *, hidden: bool) -> Listing[AccountRow]:
    seen, values = beyond(page, "(a.type, a.name, a.id) > (%s, %s, %s)", text, text, UUID)
    narrowed = [] if connection_id is None else [connection_id]
    which = (" AND a.connection_id = %s" if narrowed else "") + ("" if hidden else " AND NOT a.hidden")
    rows = _read(_ACCOUNTS + _NO_DOOR + which + seen + _IN_ORDER, user_id, *narrowed, *values, page.limit + 1)
    return listing(rows, page, lambda row: (row["type"], row["name"], row["id"]))


def _account(user_id: UUID, account_id: UUID) -> AccountRow:
    rows = _read(f"{_ACCOUNTS} AND a.id = %s", user_id, account_id)
    if not rows:
        raise errors.NotFound
    return rows[0]


def _read(sql: str, *values: Any) -> list[AccountRow]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [_row(*columns) for columns in cursor.fetchall()]


def _row(  # noqa: PLR0917
    id: UUID,
    connection_id: UUID,
    provider: str,
    state: str,
    name: str,
    mask: str,
    type: str,
    subtype: str,
    currency: str,
    current: str | None,
    available: str | None,
    limit: str | None,
    lacks: str,
    as_of: datetime | None,
    fetched_at: datetime | None,
    closed_at: datetime | None,
    institution_name: str | None,
    hidden: bool,  # noqa: FBT001 a column
    in_net_worth: bool,  # noqa: FBT001
    closed_by_person: bool,  # noqa: FBT001
    same_as: UUID | None,
    institution: str,
) -> AccountRow:
    """A row of _ACCOUNTS, in the order of its columns."""
    return {
        "id": id,
        "connection_id": connection_id,
        "provider": provider,
        "provider_name": connectors.name_of(provider),
        "connection_state": state,
        "name": name,
        "mask": mask,
        "type": type,
        "subtype": subtype,
        "currency": currency,
        "balances": {
            "current": padded(current, currency),
            "available": padded(available, currency),
            "limit": padded(limit, currency),
            "lacks": lacks,
            "as_of": as_of and as_of.replace(tzinfo=UTC),
            "fetched_at": fetched_at and fetched_at.replace(tzinfo=UTC),
            "source": connectors.source_of(provider),
            "stale": connectors.balances_overdue(provider, as_of and as_of.replace(tzinfo=UTC), now()),
        },
        "closed_at": closed_at and closed_at.replace(tzinfo=UTC),
        "institution_name": name if institution_name is None else institution_name,
        "hidden": hidden,
        "in_net_worth": in_net_worth,
        "closed": closed_at is not None,
        "closed_by_person": closed_by_person,
        "same_as": same_as,
        "institution": institution,
    }


def _balances(
    user_id: UUID, account_id: UUID, start: date | None, end: date | None, page: Page
) -> Listing[BalanceRow]:
    account = _account(user_id, account_id)
    currency = account["currency"]
    days = BalanceSnapshot.objects.filter(account_id=account_id, date__lte=newest_day())
    if start is not None:
        days = days.filter(date__gte=start)
    if end is not None:
        days = days.filter(date__lte=end)
    found = after(days, page, minus_date=date.fromisoformat)[: page.limit + 1]
    columns = found.values_list(
        "date", "current", "available", "limit", "lacks", "as_of", "fetched_at", "derived"
    )
    source = connectors.source_of(account["provider"])
    rows: list[BalanceRow] = [
        {
            "date": day,
            "current": plain(current, currency),
            "available": plain(available, currency),
            "limit": plain(limit, currency),
            "lacks": lacks,
            "as_of": as_of,
            "fetched_at": fetched_at,
            "currency": currency,
            "derived": derived,
            "source": "derived" if derived else source,
        }
        for day, current, available, limit, lacks, as_of, fetched_at, derived in columns
    ]
    return listing(rows, page, lambda row: (row["date"],))


def _trends(user_id: UUID, since: date) -> dict[UUID, list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(_TRENDS, {"user": user_id, "since": since, "newest": newest_day()})
        return dict(cursor.fetchall())
