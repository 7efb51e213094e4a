"""A database filled from a backup, whole or not at all."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import psycopg
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from dashtam.installation.backup import archive, tables
from dashtam.installation.backup.archive import Member
from dashtam.installation.backup.failures import BackupUnreadable, RestoreRefused
from dashtam.installation.backup.making import FORMAT, SECRETS

Applied = set[tuple[str, str]]

_PAUSE = """
WITH paused AS (
    UPDATE dashtam_installation SET outgoing_paused_at = coalesce(outgoing_paused_at, now()) RETURNING 1
)
INSERT INTO dashtam_installation ("only", identity, database_oid, outgoing_paused_at)
    SELECT true, gen_random_uuid(), 0, now() WHERE NOT EXISTS (SELECT FROM paused)"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A backup whose head has been read: what it is, its keys, and the members that follow."""

    manifest: dict[str, Any]
    keys: dict[str, str]
    members: Iterator[Member]

    @property
    def migrations(self) -> Applied:
        """The migrations that its tables had seen."""
        return {(app, name) for app, name in self.manifest["migrations"]}


def opened(stream: BinaryIO) -> Opened:
    """Read the head of a decrypted backup. Raises BackupUnreadable, or RestoreRefused for a format of the future."""
    members = archive.unpacked(stream)
    manifest = archive.from_json(_next(members), archive.MANIFEST)
    if manifest.get("format") != FORMAT:
        raise RestoreRefused("This backup was made by a newer Dashtam: restore it with that one.")
    keys = _next(members)
    if keys.name != archive.KEYS:
        raise BackupUnreadable
    pairs = (line.partition("=")[::2] for line in keys.content.decode().splitlines())
    return Opened(manifest, {name: value for name, value in pairs if name in SECRETS}, members)


def restore(backup: Opened) -> Counter[str]:
    """Fill the database of the present connection, as the owner of its tables; returns the rows of each table.

    Raises RestoreRefused before anything is done, and leaves no row where it ends with an error.
    """
    _require_room(backup.migrations)
    _migrate_to(backup.migrations)
    try:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            return _fill(cursor, backup)
    except (DatabaseError, InterfaceError, psycopg.Error) as error:
        raise BackupUnreadable(
            f"Its rows do not fit their tables ({type(error).__name__}). Nothing was restored."
        ) from error


def _next(members: Iterator[Member]) -> Member:
    try:
        return next(members)
    except StopIteration:
        raise BackupUnreadable from None


def _require_room(theirs: Applied) -> None:
    """Refuse a database that has people in it, and a backup of a newer version."""
    executor = MigrationExecutor(connection)
    if unknown := sorted(theirs - set(executor.loader.disk_migrations)):
        raise RestoreRefused(
            f"This backup was made by a newer Dashtam, whose migration {'.'.join(unknown[0])} is not known here:"
            " restore it with that version or a later one."
        )
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
    if not there:
        return
    applied = set(MigrationRecorder(connection).applied_migrations())
    if not applied or _somebody_lives_here(there):
        raise RestoreRefused(
            "This database is not empty, so nothing was restored. Make a new one, name it in DATABASE_URL and"
            " MIGRATION_DATABASE_URL, and restore into that. With the embedded PostgreSQL, choose another DASHTAM_HOME."
        )
    if not applied <= theirs:
        raise RestoreRefused(
            "The tables here are newer than the backup. Restore into a database without tables: they are made as the"
            " backup needs them, and migrated afterwards."
        )


def _somebody_lives_here(there: set[str]) -> bool:
    """True if there is a person, or an event in a log that is only ever added to."""
    lasting = [model for model in apps.get_models() if getattr(model, "APPEND_ONLY", False)]
    names = [model._meta.db_table for model in (get_user_model(), *lasting)]
    with connection.cursor() as cursor:
        for name in there & set(names):
            cursor.execute(f"SELECT EXISTS (SELECT FROM {connection.ops.quote_name(name)})")  # noqa: S608 our tables
            if cursor.fetchone()[0]:
                return True
    return False


def _migrate_to(theirs: Applied) -> None:
    """Make the tables as they were when the backup was made, or go on with that after a restore that was cut short."""
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    newest = [
        node
        for node in theirs
        if node in graph.nodes
        and not any(
            child.key[0] == node[0] and child.key in theirs for child in graph.node_map[node].children
        )
    ]
    executor.migrate(newest)


def _fill(cursor: Any, backup: Opened) -> Counter[str]:
    wanted = [tables.Table(**table) for table in backup.manifest["tables"]]
    with tables.triggers_off(cursor):
        tables.empty(cursor)
        counts, end = _copy(cursor, wanted, backup.members)
        cursor.execute(_PAUSE)
    if counts != Counter(end["rows"]):
        raise BackupUnreadable("Rows are missing in it. Nothing was restored.")
    tables.set_sequences(cursor, end["sequences"])
    return counts


def _copy(cursor: Any, wanted: list[tables.Table], members: Iterator[Member]) -> tuple[Counter[str], Any]:
    """Copy the parts of each table in turn. Returns the rows of each, and the document at the end."""
    counts: Counter[str] = Counter()
    member = _next(members)
    for table in wanted:
        if member.name.startswith(beginning := f"tables/{table.name}/"):
            with cursor.copy(table.copy("FROM STDIN")) as copy:
                while member.name.startswith(beginning):
                    copy.write(member.content)
                    member = _next(members)
            counts[table.name] = cursor.rowcount
    end = archive.from_json(member, archive.END)
    if next(members, None) is not None:
        raise BackupUnreadable
    return counts, end
