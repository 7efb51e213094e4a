"""Reads of the statement files that people imported."""

from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from django.db.models import QuerySet

from dashtam import errors
from dashtam.api.keyset import after, moment, previous_cursor
from dashtam.api.paging import Listing, Page, listing
from dashtam.bridge.doors import run_db
from providers.imports.arriving.told import ImportedStatement, ImportNotice, RejectedRow
from providers.imports.models import FileImport, undoable_in
from providers.imports.undo import Undoing, undoing

_COLUMNS = (
    *("id", "state", "format", "filename", "size", "rows_read", "rows_landed", "added", "matched"),
    *("rejected", "rejected_count", "notices", "notices_count", "statements"),
    *("error_code", "error_detail", "created_at", "finished_at", "traced"),
)

_OF_BEFORE = {"lacks": ""}  # of imports by earlier versions


class ImportRow(TypedDict):
    """An import: added + matched + rejected_count are the file's rows. `size` is in bytes, `accounts` are ids.

    `rejected` and `notices` are the first of them. `rows_read` and `rows_landed` tell how far it is while it runs.
    `undoable` tells if it can be taken back.
    """

    id: UUID
    state: str
    format: str
    filename: str
    size: int
    rows_read: int
    rows_landed: int
    added: int
    matched: int
    rejected: list[RejectedRow]
    rejected_count: int
    notices: list[ImportNotice]
    notices_count: int
    statements: list[ImportedStatement]
    error_code: str
    error_detail: str
    created_at: datetime
    finished_at: datetime | None
    accounts: list[str]
    undoable: bool


async def imports(user_id: UUID, /, page: Page | None = None, *, previews: bool = True) -> Listing[ImportRow]:
    """The person's imports, newest first; with or without the tables that wait to be looked at."""
    return await run_db(_imports, user_id, page or Page(), previews=previews)


async def newer_imports(user_id: UUID, /, page: Page) -> str | None:
    """The cursor of the page before this one of imports without previews; "" and None as `previous_cursor` has them."""
    return await run_db(
        previous_cursor, _mine(user_id, previews=False), page, "created_at", datetime.fromisoformat
    )


async def previews(user_id: UUID, /) -> list[ImportRow]:
    """The person's tables that wait to be looked at, oldest first."""
    return await run_db(_previews, user_id)


async def import_(user_id: UUID, import_id: UUID, /) -> ImportRow:
    """One import. Raises NotFound."""
    return await run_db(_import, user_id, import_id)


async def import_undoing(user_id: UUID, import_id: UUID, /) -> Undoing:
    """The effect of taking an import back. Raises NotFound, ImportUnderWay and ImportNotTraced."""
    return await run_db(undoing, user_id, import_id)


def _mine(user_id: UUID, *, previews: bool) -> QuerySet[FileImport]:
    mine = FileImport.objects.filter(user_id=user_id)
    return mine if previews else mine.exclude(state=FileImport.State.PREVIEW)


def _imports(user_id: UUID, page: Page, *, previews: bool) -> Listing[ImportRow]:
    found = after(_mine(user_id, previews=previews), page, minus_created_at=moment, minus_id=UUID).values(
        *_COLUMNS
    )[: page.limit + 1]
    return listing([_row(row) for row in found], page, lambda row: (row["created_at"], row["id"]))


def _previews(user_id: UUID) -> list[ImportRow]:
    mine = FileImport.objects.filter(user_id=user_id, state=FileImport.State.PREVIEW)
    return [_row(row) for row in mine.order_by("created_at", "id").values(*_COLUMNS)]


def _import(user_id: UUID, import_id: UUID) -> ImportRow:
    row = FileImport.objects.filter(user_id=user_id, id=import_id).values(*_COLUMNS).first()
    if row is None:
        raise errors.NotFound
    return _row(row)


def _row(columns: Any) -> ImportRow:
    undoable = undoable_in(columns["state"], traced=columns.pop("traced"))
    statements = [_OF_BEFORE | {"day": each["as_of"][:10]} | each for each in columns["statements"]]
    accounts = [each["account_id"] for each in statements]
    row: ImportRow = columns | {"statements": statements, "accounts": accounts, "undoable": undoable}
    return row
