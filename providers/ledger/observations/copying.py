"""COPY in parts, so that a statement of any size stays far below the database's limit of time for one statement.

The lines are written here: a driver that looks up how to write each value takes three times as long for a row.
"""

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection as database
from psycopg.types.json import Jsonb

ROWS = 5_000
# A backslash, and what ends a value or a row, as COPY's text format has them.
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_rows(statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows by a `COPY … FROM STDIN`, within the caller's transaction."""
    waiting = iter(rows)
    with database.cursor() as cursor:
        while part := [_line(row) for row in islice(waiting, ROWS)]:
            with cursor.copy(statement) as copy:
                copy.write("".join(part))


def _line(row: tuple[Any, ...]) -> str:
    return "\t".join([_WRITTEN.get(type(value), _other)(value) for value in row]) + "\n"


def _text(value: str) -> str:
    return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPED)


def _other(value: object) -> str:
    """A kind of text or number of our own. Raises TypeError for what is neither."""
    for kind in (str, int, datetime):
        if isinstance(value, kind):
            return _WRITTEN[kind](value)
    raise TypeError(f"COPY does not know how to write {type(value).__name__}.")


_WRITTEN: dict[type, Callable[[Any], str]] = {
    str: _text,
    type(None): lambda _: "\\N",
    int: str,
    bool: lambda value: "t" if value else "f",
    Decimal: str,
    UUID: lambda value: value.hex,
    date: date.isoformat,
    datetime: datetime.isoformat,
    bytes: lambda value: f"\\\\x{value.hex()}",
    Jsonb: lambda value: _text(json.dumps(value.obj)),
}
