"""COPY in parts, so that a statement of any size stays far below the database's limit of time for one statement."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.db import connection as database

ROWS = 5_000


def copy_rows(statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows by a `COPY … FROM STDIN`, within the caller's transaction."""
    waiting = iter(rows)
    with database.cursor() as cursor:
        while part := list(islice(waiting, ROWS)):
            with cursor.copy(statement) as copy:
                for row in part:
                    copy.write_row(row)
