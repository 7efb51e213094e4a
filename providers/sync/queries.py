"""Sync runs of a connection, newest first."""

from datetime import datetime
from typing import Any
from uuid import UUID

from dashtam import errors
from dashtam.api.keyset import after, moment
from dashtam.api.paging import Listing, Page, listing
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.ledger.queries.transactions import _previous
from providers.sync.models import SyncRun

COLUMNS = (
    *("id", "connection_id", "state", "trigger", "created_at", "started_at", "finished_at"),
    *("accounts_total", "accounts_done", "added", "modified", "removed", "error_code", "account_errors"),
)


async def sync_runs(user_id: UUID, connection_id: UUID, page: Page | None = None) -> Listing:
    """What was tried on a connection and how it went. Raises NotFound."""
    return await run_db(_sync_runs, user_id, connection_id, page or Page())


def _sync_runs(user_id: UUID, connection_id: UUID, page: Page) -> Listing:
    if not Connection.objects.filter(user_id=user_id, id=connection_id).exists():
        raise errors.NotFound
    runs = SyncRun.objects.filter(connection_id=connection_id)
    found = after(runs, page, minus_created_at=moment, minus_id=UUID)
    rows: list[dict[str, Any]] = list(found.values(*COLUMNS)[: page.limit + 1])
    return listing(rows, page, lambda row: (row["created_at"], row["id"]))


_RUN = ("id", "connection_id", "connection__provider", "accounts_done", "accounts_total")


async def unfinished_syncs(user_id: UUID) -> list[dict[str, Any]]:
    """The syncs that wait or run right now, the oldest first; none of a connection that was ended."""
    return await run_db(_unfinished_syncs, user_id)


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
