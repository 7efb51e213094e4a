"""The databases of the tests: one is migrated, once for each state of the code, and all others are copies of it."""

import hashlib
import os
import secrets
import subprocess
import sys
from contextlib import suppress
from functools import cache
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import Connection, sql

from tests.rules import APPS, ROOT

LOCK = 0x6461736874616D  # whoever makes the migrated database; all others wait, and find it made
FAMILY = "migrated"
# A worker loads them in its first minute, which takes many times what its start takes.
LOAD_RATES = """
import asyncio
from providers.wiring import rate_service
async def load():
    await rate_service().load_history()
asyncio.run(load())
"""
# A test's data is thrown away a second later: it need not survive the machine's loss of power.
# Rows of a test are never committed: an analysis in the middle of one would take its tables for empty ones, and have
# its statements planned for a single row.
HURRIED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


def administrator() -> Connection[tuple[object, ...]]:
    """A connection as the owner, who may make and drop databases."""
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def hurry(url: str) -> None:
    """Let the embedded server of the tests answer before its disk does."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in HURRIED.items():
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), value))
        connection.execute("SELECT pg_reload_conf()")


def in_database(url: str, name: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def make(name: str, *, rates: bool = False) -> None:
    """A database with all tables, and with the installed history of exchange rates if it is wanted."""
    with administrator() as connection:
        _create(connection, name, _template(connection, rates=rates))


def drop(name: str) -> None:
    """Drop a database, whoever is still connected to it."""
    with administrator() as connection:
        _drop(connection, name)


def _drop(connection: Connection[tuple[object, ...]], name: str, how: str = " WITH (FORCE)") -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}" + how).format(sql.Identifier(name)))


def _create(connection: Connection[tuple[object, ...]], name: str, template: str) -> None:
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))


def _template(connection: Connection[tuple[object, ...]], *, rates: bool) -> str:
    """The name of the database to copy, which is made first where there is none for the present code."""
    migrated = f"{FAMILY}_{_digest()}"
    with_rates = f"{migrated}_rates"
    connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{FAMILY}%"])
        there = {str(row[0]) for row in rows}
        if migrated not in there:
            for old in there:
                with suppress(psycopg.errors.ObjectInUse):
                    _drop(connection, old, "")
            _grow(connection, migrated, "template1", "migrate", "--verbosity=0")
        if rates and with_rates not in there:
            _grow(connection, with_rates, migrated, "shell", "-c", LOAD_RATES)
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    return with_rates if rates else migrated


def _grow(connection: Connection[tuple[object, ...]], name: str, of: str, *command: str) -> None:
    """Copy a database and run a command on the copy, which gets its name when it is whole."""
    new = f"new_{secrets.token_hex(6)}"
    _create(connection, new, of)
    urls = {"DATABASE_URL": "STACK_DATABASE_URL", "MIGRATION_DATABASE_URL": "DATABASE_URL"}
    environment = os.environ | {to: in_database(os.environ[of], new) for to, of in urls.items()}
    try:
        run = [sys.executable, "manage.py", *command]
        done = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(new), sql.Identifier(name))
        )
    finally:
        _drop(connection, new)


@cache
def _digest() -> str:
    """What a migrated database depends on: our code, and the versions of all other."""
    files = [ROOT / "uv.lock", *(file for each in APPS for file in sorted((ROOT / each).rglob("*.py")))]
    content = hashlib.sha256()
    for file in files:
        content.update(hashlib.sha256(file.read_bytes()).digest())
    return content.hexdigest()[:16]
