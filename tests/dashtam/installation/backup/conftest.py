"""An installation with something of everything in it, a recovery kit, and other databases to restore into."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from accounts.models import AuditEvent, User
from dashtam.crypto.sealed_fields import seal_field
from dashtam.installation.backup import kit
from dashtam.wiring import encryption_service
from notifications.models import Email
from providers.connections.models import Connection, ProviderToken
from tests import databases

AWKWARD = 'Ana "Ã\t\\N\\ \n\r Ωmega'


def said(command: str, *arguments: str) -> str:
    """What a command prints."""
    out = StringIO()
    call_command(command, *arguments, stdout=out, no_color=True)
    return out.getvalue()


@contextmanager
def within(database: str) -> Iterator[None]:
    """The connection leads to another database of the same server."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@contextmanager
def database(*, tables: bool = True) -> Iterator[str]:
    """A database with empty tables, or without any."""
    name = f"other_{secrets.token_hex(6)}"
    if tables:
        databases.make(name)
    else:
        with databases.administrator() as server:
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        yield name
    finally:
        databases.drop(name)


def rows() -> dict[str, list[str]]:
    """All rows of all tables, but for the one that says where the database is."""
    with connection.cursor() as cursor:
        found = {}
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{name}" AS t ORDER BY 1')  # noqa: S608
            found[name] = [row for (row,) in cursor.fetchall()]
    del found["dashtam_installation"]
    return found


@pytest.fixture
def recovery(tmp_path: Path, settings: Any) -> Path:
    """A kit, whose public key backups are made for; the file with the secret one."""
    made = kit.make(tmp_path / "kit")
    settings.BACKUP_RECIPIENTS = [made.public_key]
    settings.BACKUP_TO = str(tmp_path / "backups")
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir()
    return made.key_file


@pytest.fixture
def household(transactional_db: None, make_user: Callable[..., User], recovery: Path) -> User:
    """A person with a sealed grant, mail that waits, events in the audit log, and jobs."""
    ana = make_user("Ana", email="ana.canary@example.org")
    User.objects.filter(pk=ana.pk).update(name=AWKWARD)
    linked = Connection.objects.create(user=ana, provider="sandbox", state=Connection.State.ACTIVE)
    sealed = {
        column: seal_field(encryption_service(), ProviderToken, linked.id, column, "a canary of a token")
        for column in ("access_token", "refresh_token")
    }
    ProviderToken.objects.create(connection=linked, **sealed)
    for number in range(3):
        AuditEvent.objects.record("session.opened", user_id=ana.pk, number=str(number))
    Email.objects.queue(user_id=ana.pk, to=ana.email, kind="address_known")
    return ana
