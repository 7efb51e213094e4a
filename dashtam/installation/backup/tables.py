"""Rows, sequences and triggers of all tables of the schema, by PostgreSQL's COPY: no program beside it is needed.

The order of tables follows their foreign keys. Those that Django makes are checked at the end of the transaction; the
job queue's are checked at once.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from graphlib import TopologicalSorter
from typing import Any, NamedTuple

from psycopg import sql

from dashtam.installation.backup.archive import PART

_TABLES = """
SELECT relname, array_agg(attname ORDER BY attnum)::text[]
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace GROUP BY relname"""
_EARLIER = """
SELECT child.relname, parent.relname FROM pg_constraint
JOIN pg_class AS child ON child.oid = conrelid JOIN pg_class AS parent ON parent.oid = confrelid
WHERE contype = 'f' AND NOT condeferrable AND conrelid <> confrelid
  AND connamespace = current_schema()::regnamespace"""
_SEQUENCES = """
SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace ORDER BY relname"""
_TRIGGERS = """
SELECT relname, tgname, tgenabled::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE NOT tgisinternal AND tgenabled <> 'D' AND relnamespace = current_schema()::regnamespace"""
_ENABLE = {"O": "ENABLE TRIGGER", "A": "ENABLE ALWAYS TRIGGER", "R": "ENABLE REPLICA TRIGGER"}


class Table(NamedTuple):
    """A table, and its columns in their order; columns that the database works out are not among them."""

    name: str
    columns: list[str]

    def copy(self, direction: str) -> sql.Composed:
        """COPY of all its rows, `TO STDOUT` or `FROM STDIN`."""
        columns = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        return sql.SQL("COPY {} ({}) " + direction).format(sql.Identifier(self.name), columns)


def tables(cursor: Any) -> list[Table]:
    """All tables, each after those that its rows must find there."""
    cursor.execute(_TABLES)
    found = {name: Table(name, columns) for name, columns in sorted(cursor.fetchall())}
    order: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(found, ()))
    cursor.execute(_EARLIER)
    for child, parent in cursor.fetchall():
        order.add(child, parent)
    return [found[name] for name in order.static_order()]


def rows(cursor: Any, table: Table) -> Iterator[bytes]:
    """The rows of a table as COPY writes them, in parts of whole rows."""
    part = bytearray()
    with cursor.copy(table.copy("TO STDOUT")) as copy:
        for row in copy:
            part += row
            if len(part) >= PART:
                yield bytes(part)
                part.clear()
    if part:
        yield bytes(part)


def sequences(cursor: Any) -> dict[str, tuple[int, bool]]:
    """The last number of each sequence, and True if it has been given out."""
    cursor.execute(_SEQUENCES)
    found = {}
    for (name,) in cursor.fetchall():
        cursor.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(name)))
        found[name] = cursor.fetchone()
    return found


def set_sequences(cursor: Any, numbers: dict[str, tuple[int, bool]]) -> None:
    """Let each sequence go on from there."""
    for name, (last, called) in numbers.items():
        cursor.execute("SELECT setval(quote_ident(%s)::regclass, %s, %s)", [name, last, called])


def lock(cursor: Any, names: Iterable[str]) -> None:
    """Keep the shape of the tables as it is until the transaction ends, as pg_dump does; rows may change."""
    if names := list(names):
        cursor.execute(
            sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(
                sql.SQL(", ").join(map(sql.Identifier, names))
            )
        )


def empty(cursor: Any) -> None:
    """Take all rows out of all tables."""
    names = sql.SQL(", ").join(sql.Identifier(table.name) for table in tables(cursor))
    cursor.execute(sql.SQL("TRUNCATE {}").format(names))


@contextmanager
def triggers_off(cursor: Any) -> Iterator[None]:
    """Have rows taken as they are: no trigger chains an event anew, or writes down that a job was queued.

    Foreign keys are checked all the same, at the end of the block at the latest.
    """
    cursor.execute(_TRIGGERS)
    triggers = cursor.fetchall()
    for table, name, _ in triggers:
        _alter(cursor, table, "DISABLE TRIGGER", name)
    yield
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table, name, state in triggers:
        _alter(cursor, table, _ENABLE[state], name)


def _alter(cursor: Any, table: str, verb: str, trigger: str) -> None:
    names = sql.Identifier(table), sql.Identifier(trigger)
    cursor.execute(sql.SQL("ALTER TABLE {} " + verb + " {}").format(*names))
