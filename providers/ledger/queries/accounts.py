"""Accounts and what they held from day to day."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from dashtam import errors
from dashtam.api.keyset import after
from dashtam.api.paging import Listing, Page, listing
from dashtam.bridge.doors import run_db
from providers import connectors
from providers.ledger.models import BalanceSnapshot, FinancialAccount
from providers.ledger.money import padded, plain
from providers.ledger.queries import hot

ALL = Page(limit=100_000)


async def accounts(user_id: UUID, page: Page = ALL, *, connection_id: UUID | None = None) -> Listing:
    """The person's accounts by type and name, those of ended connections included."""
    which = {"connection_id": connection_id} if connection_id else {}
    return await run_db(_accounts, user_id, page, which)


async def account(user_id: UUID, account_id: UUID) -> dict[str, Any]:
    """One account. Raises NotFound."""
    return await run_db(_account, user_id, account_id)


async def balances(
    user_id: UUID, account_id: UUID, start: date | None = None, end: date | None = None, page: Page = ALL
) -> Listing:
    """End-of-day balances of one account, newest first; both ends included. Raises NotFound."""
    return await run_db(_balances, user_id, account_id, start, end, page)


def require_account(user_id: UUID, account_id: UUID) -> str:
    """The currency of an account of this person. Raises NotFound, also for another person's."""
    owned = FinancialAccount.objects.filter(user_id=user_id, id=account_id)
    currency = owned.values_list("currency", flat=True).first()
    if currency is None:
        raise errors.NotFound
    return currency


def _accounts(user_id: UUID, page: Page, which: dict[str, UUID]) -> Listing:
    rows = [_row(row) for row in hot.accounts(user_id, page, **which)]
    return listing(rows, page, lambda row: (row["type"], row["name"], row["id"]))


def _account(user_id: UUID, account_id: UUID) -> dict[str, Any]:
    rows = hot.accounts(user_id, ALL, id=account_id)
    if not rows:
        raise errors.NotFound
    return _row(rows[0])


def _row(row: hot.Row) -> dict[str, Any]:
    currency, provider = row["currency"], row["provider"]
    connector = connectors.CONNECTORS.get(provider)
    return {
        "id": row["id"],
        "connection_id": row["connection_id"],
        "provider": provider,
        "provider_name": connector.name if connector else provider,
        "connection_state": row["connection_state"],
        "name": row["name"],
        "mask": row["mask"],
        "type": row["type"],
        "subtype": row["subtype"],
        "currency": currency,
        "balances": {
            "current": padded(row["current"], currency),
            "available": padded(row["available"], currency),
            "limit": padded(row["limit"], currency),
            "as_of": row["as_of"],
            "fetched_at": row["fetched_at"],
        },
        "closed_at": row["closed_at"],
    }


def _balances(user_id: UUID, account_id: UUID, start: date | None, end: date | None, page: Page) -> Listing:
    currency = require_account(user_id, account_id)
    days = BalanceSnapshot.objects.filter(account_id=account_id)
    if start is not None:
        days = days.filter(date__gte=start)
    if end is not None:
        days = days.filter(date__lte=end)
    columns = ("date", "current", "available", "limit", "as_of", "fetched_at")
    rows = after(days, page, minus_date=date.fromisoformat).values(*columns)[: page.limit + 1]
    money = ("current", "available", "limit")
    shaped = [
        row | {name: plain(row[name], currency) for name in money} | {"currency": currency} for row in rows
    ]
    return listing(shaped, page, lambda row: (row["date"],))


async def trends(user_id: UUID, since: date) -> dict[UUID, list[Decimal]]:
    """Each account's end-of-day balances since a day, the oldest first."""
    return await run_db(_trends, user_id, since)


def _trends(user_id: UUID, since: date) -> dict[UUID, list[Decimal]]:
    days = BalanceSnapshot.objects.filter(account__user_id=user_id, date__gte=since).order_by("date")
    found: dict[UUID, list[Decimal]] = defaultdict(list)
    for account_id, current in days.values_list("account_id", "current"):
        found[account_id].append(current)
    return dict(found)
