"""Accounts and what they held from day to day."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from dashtam import errors
from dashtam.api import Listing, Page, listing
from dashtam.bridge import run_db
from providers import connectors
from providers.keyset import after, text
from providers.models import BalanceSnapshot, FinancialAccount
from providers.money import plain

_COLUMNS = (
    *("id", "connection_id", "name", "mask", "type", "subtype", "currency", "closed_at"),
    *("balance_current", "balance_available", "balance_limit", "balance_as_of", "balance_fetched_at"),
    *("connection__provider", "connection__state"),
)
ALL = Page(limit=100_000)


async def accounts(user_id: UUID, page: Page = ALL, *, connection_id: UUID | None = None) -> Listing:
    """The person's accounts by type and name, those of ended connections included."""
    return await run_db(_accounts, user_id, page, connection_id)


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


def _mine(user_id: UUID) -> QuerySet[FinancialAccount]:
    return FinancialAccount.objects.filter(user_id=user_id)


def _accounts(user_id: UUID, page: Page, connection_id: UUID | None) -> Listing:
    mine = _mine(user_id)
    if connection_id is not None:
        mine = mine.filter(connection_id=connection_id)
    rows = after(mine, page, type=text, name=text, id=UUID).values(*_COLUMNS)[: page.limit + 1]
    return listing([_row(row) for row in rows], page, lambda row: (row["type"], row["name"], row["id"]))


def _account(user_id: UUID, account_id: UUID) -> dict[str, Any]:
    row = _mine(user_id).filter(id=account_id).values(*_COLUMNS).first()
    if row is None:
        raise errors.NotFound
    return _row(row)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    currency, provider = row["currency"], row["connection__provider"]
    connector = connectors.CONNECTORS.get(provider)
    return {
        "id": row["id"],
        "connection_id": row["connection_id"],
        "provider": provider,
        "provider_name": connector.name if connector else provider,
        "connection_state": row["connection__state"],
        "name": row["name"],
        "mask": row["mask"],
        "type": row["type"],
        "subtype": row["subtype"],
        "currency": currency,
        "balances": {
            "current": plain(row["balance_current"], currency),
            "available": plain(row["balance_available"], currency),
            "limit": plain(row["balance_limit"], currency),
            "as_of": row["balance_as_of"],
            "fetched_at": row["balance_fetched_at"],
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
