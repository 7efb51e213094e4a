"""Deleting many rows in parts, each far below the time limit of a statement."""

from typing import Any

from django.db.models import QuerySet

from dashtam.bridge.doors import run_db

AT_ONCE = 5000


async def delete_in_parts(rows: "QuerySet[Any]") -> int:
    """Delete what the query finds; returns how many rows. Killed half-way, the next call goes on."""
    count = 0
    while deleted := await run_db(_delete_some, rows):
        count += deleted
    return count


def _delete_some(rows: "QuerySet[Any]") -> int:
    some = rows.order_by().values("pk")[:AT_ONCE]
    deleted: int = rows.model._base_manager.filter(pk__in=some).delete()[0]
    return deleted
