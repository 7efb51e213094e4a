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
    # By value: of a subquery with a limit, PostgreSQL may make a plan that reads the table once for each row.
    deleted: int = rows.model._base_manager.filter(pk__in=some_of(rows)).delete()[0]
    return deleted


def some_of(rows: "QuerySet[Any]") -> list[Any]:
    """The keys of the rows that one part deletes."""
    return list(rows.order_by().values_list("pk", flat=True)[:AT_ONCE])
