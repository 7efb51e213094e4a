"""Statement files that were brought in."""

from typing import Any
from uuid import UUID

from dashtam import errors
from dashtam.api.keyset import after, moment
from dashtam.api.paging import Listing, Page, listing
from dashtam.bridge.doors import run_db
from providers.imports.models import FileImport

_COLUMNS = (
    *("id", "state", "format", "filename", "size", "added", "matched", "rejected", "statements"),
    *("error_code", "error_detail", "created_at"),
)


async def imports(user_id: UUID, page: Page | None = None) -> Listing:
    """The person's imports, newest first."""
    return await run_db(_imports, user_id, page or Page())


async def import_(user_id: UUID, import_id: UUID) -> dict[str, Any]:
    """One import. Raises NotFound."""
    return await run_db(_import, user_id, import_id)


def _imports(user_id: UUID, page: Page) -> Listing:
    mine = FileImport.objects.filter(user_id=user_id)
    found = after(mine, page, minus_created_at=moment, minus_id=UUID).values(*_COLUMNS)[: page.limit + 1]
    return listing(_with_accounts(list(found)), page, lambda row: (row["created_at"], row["id"]))


def _import(user_id: UUID, import_id: UUID) -> dict[str, Any]:
    rows = list(FileImport.objects.filter(user_id=user_id, id=import_id).values(*_COLUMNS))
    if not rows:
        raise errors.NotFound
    return _with_accounts(rows)[0]


def _with_accounts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row with the ids of the accounts it went into."""
    return [row | {"accounts": [each["account_id"] for each in row["statements"]]} for row in rows]
