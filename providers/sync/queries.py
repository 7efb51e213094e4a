"""Reads of sync runs, newest first."""

from datetime import datetime
from typing import Any, TypedDict, cast
from uuid import UUID

from django.db import connection as database

from dashtam import errors
from dashtam.api.keyset import after, moment, previous_cursor
from dashtam.api.paging import Listing, Page, listing
from dashtam.bridge.doors import run_db
from providers import connectors
from providers.connections.models import Connection
from providers.sync.models import SyncRun

_RUN = (
    *("id", "connection_id", "state", "trigger", "created_at", "started_at", "finished_at"),
    *(
        "accounts_total",
        "accounts_done",
        "added",
        "modified",
        "removed",
        "error_code",
        "account_errors",
        "notices",
    ),
)
# Every look at the dashboard asks this: as text it is composed once.
_UNFINISHED = """
SELECT run.id, run.connection_id, place.provider, place.institution, run.accounts_done, run.accounts_total
FROM providers_syncrun AS run JOIN providers_connection AS place ON place.id = run.connection_id
WHERE place.user_id = %s AND run.state IN ('queued', 'running') AND place.state <> 'disconnected'
ORDER BY run.created_at
"""


class SyncRunRow(TypedDict):
    """A run and its counts. `account_errors` has an error code by account id, both as text.

    `notices` are words that were kept as they came, or rows that were left out, each with how often.
    """

    id: UUID
    connection_id: UUID
    state: str
    trigger: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    accounts_total: int
    accounts_done: int
    added: int
    modified: int
    removed: int
    error_code: str
    account_errors: dict[str, str]
    notices: dict[str, int]


class UnfinishedSyncRow(TypedDict):
    """A run that waits or is under way, for a progress bar."""

    id: UUID
    connection_id: UUID
    provider_name: str
    institution: str
    accounts_done: int
    accounts_total: int


async def sync_runs(user_id: UUID, connection_id: UUID, /, page: Page | None = None) -> Listing[SyncRunRow]:
    """The runs of one connection. Raises NotFound."""
    return await run_db(_sync_runs, user_id, connection_id, page or Page())


async def previous_syncs(user_id: UUID, connection_id: UUID, /, page: Page) -> str | None:
    """The cursor of the page before this one, "" for the first page, None when this is the first."""
    rows = SyncRun.objects.filter(connection_id=connection_id, connection__user_id=user_id)
    return await run_db(previous_cursor, rows, page, "created_at", datetime.fromisoformat)


async def unfinished_syncs(user_id: UUID, /) -> list[UnfinishedSyncRow]:
    """The person's runs that wait or are under way, the oldest first; none of a disconnected connection.

    A page reads them before anything else: one that ends meanwhile is then shown as under way, and the page read anew.
    """
    return await run_db(_unfinished_syncs, user_id)


def _sync_runs(user_id: UUID, connection_id: UUID, page: Page) -> Listing[SyncRunRow]:
    if not Connection.objects.filter(user_id=user_id, id=connection_id).exists():
        raise errors.NotFound
    runs = SyncRun.objects.filter(connection_id=connection_id)
    found: Any = after(runs, page, minus_created_at=moment, minus_id=UUID).values(*_RUN)[: page.limit + 1]
    rows = cast("list[SyncRunRow]", list(found))
    return listing(rows, page, lambda row: (row["created_at"], row["id"]))


def _unfinished_syncs(user_id: UUID) -> list[UnfinishedSyncRow]:
    with database.cursor() as cursor:
        cursor.execute(_UNFINISHED, [user_id])
        found = cursor.fetchall()
    return [
        {
            "id": run_id,
            "connection_id": connection_id,
            "provider_name": connectors.name_of(provider),
            "institution": institution,
            "accounts_done": done,
            "accounts_total": total,
        }
        for run_id, connection_id, provider, institution, done, total in found
    ]
