"""What only pages ask: what runs now, how balances moved lately, and where the page before begins."""

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from dashtam.api import Page, cursor_at
from dashtam.bridge import run_db
from providers.models import BalanceSnapshot, Connection, SyncRun, Transaction
from providers.queries.transactions import TransactionFilters

_RUN = ("id", "connection_id", "connection__provider", "accounts_done", "accounts_total")


async def unfinished_syncs(user_id: UUID) -> list[dict[str, Any]]:
    """The syncs that wait or run right now, the oldest first; none of a connection that was ended."""
    return await run_db(_unfinished_syncs, user_id)


async def trends(user_id: UUID, since: date) -> dict[UUID, list[Decimal]]:
    """Each account's end-of-day balances since a day, the oldest first."""
    return await run_db(_trends, user_id, since)


async def previous_transactions(
    user_id: UUID, filters: TransactionFilters, page: Page, *, account_id: UUID
) -> str | None:
    """The cursor of the page before this one, "" for the first page, None when this is the first."""
    rows = filters.apply(Transaction.objects.filter(user_id=user_id, account_id=account_id))
    return await run_db(_previous, rows, page, "date", date.fromisoformat)


async def previous_syncs(user_id: UUID, connection_id: UUID, page: Page) -> str | None:
    """The cursor of the page before this one, "" for the first page, None when this is the first."""
    rows = SyncRun.objects.filter(connection_id=connection_id, connection__user_id=user_id)
    return await run_db(_previous, rows, page, "created_at", datetime.fromisoformat)


def _unfinished_syncs(user_id: UUID) -> list[dict[str, Any]]:
    runs = SyncRun.objects.filter(connection__user_id=user_id, state__in=SyncRun.UNFINISHED)
    alive = runs.exclude(connection__state=Connection.State.DISCONNECTED)
    return [
        row | {"provider_name": Connection(provider=row["connection__provider"]).provider_name}
        for row in alive.order_by("created_at").values(*_RUN)
    ]


def _trends(user_id: UUID, since: date) -> dict[UUID, list[Decimal]]:
    days = BalanceSnapshot.objects.filter(account__user_id=user_id, date__gte=since).order_by("date")
    found: dict[UUID, list[Decimal]] = defaultdict(list)
    for account_id, current in days.values_list("account_id", "current"):
        found[account_id].append(current)
    return dict(found)


def _previous(rows: QuerySet[Any, Any], page: Page, column: str, parse: Any) -> str | None:
    """Walks back over as many rows as a page holds. The cursor has been read by the list's own query already."""
    if page.after is None:
        return None
    last, last_id = parse(page.after[0]), UUID(page.after[1])
    newer = rows.filter(**{f"{column}__gte": last}).exclude(**{column: last, "id__lt": last_id})
    found = newer.order_by(column, "id").values_list(column, "id")[page.limit : page.limit + 1]
    return next((cursor_at(key) for key in found), "")
