"""Many rows from one: copies made by PostgreSQL itself, with columns that are worked out from `n`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models

NOW = datetime.now(UTC)


def run(sql: str, values: Sequence[Any] = ()) -> None:
    """One statement, whatever time it takes."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(sql, list(values) or None)


def copies(of: models.Model, number: int, **changes: str) -> None:
    """Save a row, and so many copies of it; `changes` are columns as SQL, in which `n` goes from 1 on."""
    type(of)._base_manager.bulk_create([of])
    table, key = of._meta.db_table, of._meta.pk
    assert key is not None
    columns = [
        str(each.column) for each in of._meta.concrete_fields if not isinstance(each, models.AutoField)
    ]
    assert set(changes) <= set(columns), set(changes) - set(columns)
    names = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(changes.get(column, f'original."{column}"') for column in columns)
    run(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} AS original, "  # noqa: S608 our own words
        f'generate_series(1, {number}) AS n WHERE original."{key.column}" = %s',
        [of.pk],
    )


def key(what: str, of: str = "n") -> str:
    """The id of the person, connection or account with that number."""
    return f"md5('{what}' || ({of}))::uuid"


def ago(days: float, number: int, of: str = "n") -> str:
    """A moment up to so many days ago, the oldest first."""
    return f"(timestamptz '{NOW.isoformat()}' - interval '1 day' * ({days} * (1 - ({of}) / {number}.0)))"


def made(when: str, of: str = "n") -> str:
    """An id of version 7 (RFC 9562) that was made then."""
    milliseconds = f"lpad(to_hex(floor(extract(epoch FROM {when}) * 1000)::bigint), 12, '0')"
    hashed = f"md5(({of})::text)"
    return f"({milliseconds} || '7' || substr({hashed}, 1, 3) || '8' || substr({hashed}, 4, 15))::uuid"
