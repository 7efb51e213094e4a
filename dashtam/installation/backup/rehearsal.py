"""A rehearsal: a backup restored into a scratch database beside the real one, and everything sealed in it opened."""

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.core.management import CommandError, call_command
from django.core.management.commands import migrate
from django.db import DatabaseError, InterfaceError, connection
from psycopg import sql

from dashtam.crypto import keys
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.crypto.sealed_fields import SealedColumn, place, sealed_columns
from dashtam.errors import DecryptionFailed
from dashtam.installation.backup import restoring
from dashtam.installation.backup.failures import RestoreRefused
from dashtam.installation.backup.restoring import Opened
from dashtam.installation.database_roles import as_owner

ROWS_AT_ONCE = 200


class Audit(NamedTuple):
    """The outcome of `verify_audit`, in its own words."""

    whole: bool
    sentence: str


class Proof(NamedTuple):
    """The outcome of a rehearsal: rows by table, how many envelopes opened, and by column those that did not."""

    rows: Counter[str]
    opened: int
    closed: Counter[str]
    audit: Audit


def rehearse(backup: Opened, encryption_keys: dict[str, bytes]) -> Proof:
    """Restore, migrate, open every envelope with these keys, verify the audit log, and drop the database again.

    Raises RestoreRefused where no scratch database can be made, or one of another rehearsal is in use.
    """
    with _scratch_database() as name, as_owner(connection, database=name, rights=False):
        rows = restoring.restore(backup)
        # Django's own command: ours would go to the database of MIGRATION_DATABASE_URL.
        call_command(migrate.Command(), verbosity=0, interactive=False)
        opened, closed = _open_all(EncryptionService(keys=encryption_keys))
        return Proof(rows, opened, closed, _audit())


def keys_for(backup: Opened, configured: dict[str, bytes]) -> dict[str, bytes]:
    """The encryption keys in the backup; where it was made without, those of this installation."""
    text = backup.keys.get("ENCRYPTION_KEYS")
    return keys.key_ring("ENCRYPTION_KEYS", text) if text else configured


@contextmanager
def _scratch_database() -> Iterator[str]:
    """A new database for the time of the block; one that a killed rehearsal has left is dropped first."""
    name = f"{connection.settings_dict['NAME']}_rehearsal"
    drop = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name))
    with as_owner(connection, rights=False):
        try:
            with connection.cursor() as cursor:
                cursor.execute(drop)
                cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except (DatabaseError, InterfaceError) as error:
            raise RestoreRefused(
                f"No scratch database could be made ({type(error.__cause__ or error).__name__}): the role of"
                " MIGRATION_DATABASE_URL needs CREATEDB (ALTER ROLE dashtam_owner CREATEDB), and one rehearsal runs"
                " at a time."
            ) from error
    try:
        yield name
    finally:
        with as_owner(connection, rights=False), connection.cursor() as cursor:
            cursor.execute(drop)


def _open_all(encryption: EncryptionService) -> tuple[int, Counter[str]]:
    """The number of envelopes that opened, and by column of those that did not."""
    opened, closed = 0, Counter[str]()
    for column in sealed_columns():
        for envelope, row in _envelopes(column):
            try:
                encryption.decrypt(envelope, row=row)
                opened += 1
            except DecryptionFailed as error:
                closed[f"{column} ({error.code})"] += 1
    return opened, closed


def _envelopes(column: SealedColumn) -> Iterator[tuple[bytes, str]]:
    rows = column.model._base_manager.exclude(**{column.column: None}).order_by("pk")
    for pk, envelope in rows.values_list("pk", column.column).iterator(chunk_size=ROWS_AT_ONCE):
        yield bytes(envelope), place(column.model, pk, column.column)


def _audit() -> Audit:
    said = io.StringIO()
    try:
        call_command("verify_audit", stdout=said)
    except CommandError as error:
        return Audit(whole=False, sentence=str(error))
    return Audit(whole=True, sentence=said.getvalue().strip())
