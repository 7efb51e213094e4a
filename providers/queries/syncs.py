"""Sync runs of a connection, newest first."""

from typing import Any
from uuid import UUID

from dashtam import errors
from dashtam.api import Listing, Page, listing
from dashtam.bridge import run_db
from providers.keyset import after, moment
from providers.models import Connection, SyncRun

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
