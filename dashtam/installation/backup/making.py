"""A backup made: one snapshot of the database, and the keys, encrypted on the way to where they are kept."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import psycopg
from django.db import DatabaseError, InterfaceError, connection, transaction

from dashtam.installation.backup import archive, sealing, tables, targets
from dashtam.installation.backup.archive import Member
from dashtam.installation.backup.failures import BackupFailed

FORMAT = 1
KEY_SETTINGS = ("SECRET_KEY", "JWT_KEYS", "ENCRYPTION_KEYS")
SECRETS = (*KEY_SETTINGS, "SANDBOX_CLIENT_SECRET")  # all that an installation has made for itself


class Made(NamedTuple):
    """A backup that is there now."""

    name: str
    tables: int
    rows: int
    bytes: int


class _Counted:
    def __init__(self, inner: Any) -> None:
        self.inner, self.bytes = inner, 0

    def write(self, data: bytes) -> int:
        self.inner.write(data)
        self.bytes += len(data)
        return len(data)


def make(place: targets.Target, recipients: list[str], *, with_keys: bool = True) -> Made:
    """Make a backup while Dashtam runs. Raises BackupFailed, and then there is none of that name."""
    keys, name, rows = sealing.recipients(recipients), targets.name_of(datetime.now(UTC)), Counter[str]()
    try:
        with place.writing(name) as out, _snapshot() as cursor:
            counted = _Counted(out)
            members = _members(cursor, rows, keys_of_this_installation() if with_keys else {})
            sealing.encrypt(archive.packed(members), counted, keys)
    except BackupFailed:
        raise
    except (DatabaseError, InterfaceError, psycopg.Error) as error:
        raise BackupFailed(f"The database could not be read to its end ({type(error).__name__}).") from error
    except OSError as error:
        raise BackupFailed(
            f"The backup could not be written: {error.strerror or type(error).__name__}."
        ) from error
    except Exception as error:
        if not type(error).__module__.startswith("botocore"):
            raise
        raise BackupFailed(f"The bucket did not take the backup ({_said(error)}).") from error
    return Made(name, len(rows), rows.total(), counted.bytes)


def _said(error: Any) -> str:
    """The code of an answer of S3, such as AccessDenied, or the type of the error."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", "")) or type(error).__name__


def keys_of_this_installation() -> dict[str, str]:
    """The keys without which a restored database is of no use, as they are in the environment."""
    return {name: os.environ[name] for name in SECRETS if os.environ.get(name)}


@contextmanager
def _snapshot() -> Iterator[Any]:
    """A cursor that sees one moment of the whole database, however long that takes to read."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
        yield cursor


def _members(cursor: Any, counts: Counter[str], keys: dict[str, str]) -> Iterator[Member]:
    found = tables.tables(cursor)
    tables.lock(cursor, (table.name for table in found))
    if tables.tables(cursor) != found:
        raise BackupFailed(
            "A migration is under way: try again when it has ended.", code="backup_during_migration"
        )
    cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
    migrations = cursor.fetchall()
    cursor.execute("SELECT current_setting('server_version')")
    manifest = {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "postgresql": cursor.fetchone()[0],
        "migrations": migrations,
        "tables": [table._asdict() for table in found],
    }
    yield archive.as_json(archive.MANIFEST, manifest)
    yield Member(archive.KEYS, "".join(f"{name}={value}\n" for name, value in keys.items()).encode())
    for table in found:
        for number, part in enumerate(tables.rows(cursor, table), start=1):
            counts[table.name] += part.count(
                b"\n"
            )  # a line break inside a value is written as \n, of two characters
            yield Member(f"tables/{table.name}/{number:06}.copy", part)
        counts[table.name] += 0
    yield archive.as_json(archive.END, {"rows": dict(counts), "sequences": tables.sequences(cursor)})
