"""A search for secrets in every place that a running Dashtam writes to."""

import base64
import os
from collections.abc import Iterator, Mapping
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
from django.conf import settings
from psycopg import sql
from redis import Redis

from dashtam.crypto.encryption_service import EncryptionService
from dashtam.crypto.sealed_fields import place, sealed_columns
from tests.stack import Stack

READ: dict[bytes, Any] = {
    b"string": lambda server, key: server.get(key),
    b"hash": lambda server, key: server.hgetall(key),
    b"list": lambda server, key: server.lrange(key, 0, -1),
    b"set": lambda server, key: server.smembers(key),
    b"zset": lambda server, key: server.zrange(key, 0, -1),
    b"stream": lambda server, key: server.xrange(key),
}


def forms_of(secret: str | bytes) -> set[bytes]:
    """As it is, and as an address, base64 or hexadecimal digits would hold it."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    coded = {base64.b64encode(raw), base64.urlsafe_b64encode(raw), base64.b32encode(raw)}
    return {raw, quote(raw, safe="").encode(), raw.hex().encode(), *(text.rstrip(b"=") for text in coded)}


def found(secrets: Mapping[str, str | bytes], places: Iterator[tuple[str, bytes]]) -> set[str]:
    """`secret in place` for each that is there."""
    wanted = {name: forms_of(secret) for name, secret in secrets.items() if secret}
    assert all(len(secret) >= 8 for secret in secrets.values()), "too short to be told from chance"
    return {
        f"{name} in {where}"
        for where, content in places
        for name, forms in wanted.items()
        if any(form in content for form in forms)
    }


def places(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """All that a running Dashtam writes, but for what its mails say to their readers."""
    for log in sorted((stack.home / "logs").glob("*.log")):
        yield f"the log of {log.stem}", log.read_bytes()
    home = Path(os.environ["DASHTAM_HOME"])  # a parallel worker's is inside that of the run
    for log in (
        home / "servers.log",
        home.parent / "servers.log",
    ):  # none, if the servers are not our own
        if log.exists():
            yield "the log of the servers", log.read_bytes()
    for letter in stack.outbox.glob("*.eml"):
        message = message_from_bytes(letter.read_bytes(), policy=policy.default)
        yield "the head of a mail", repr(message.items()).encode()
    yield from _tables(stack)
    yield from _cache(stack)
    metrics = httpx.get(f"{stack.origin}/metrics", trust_env=False)
    assert "dashtam_" in metrics.text
    yield "the metrics", metrics.content


def _database(stack: Stack) -> psycopg.Connection[Any]:
    return psycopg.connect(stack.environment["MIGRATION_DATABASE_URL"])


def _tables(stack: Stack) -> Iterator[tuple[str, bytes]]:
    with _database(stack) as database:
        names = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert len(names) > 20
        for (name,) in names:
            rows = database.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name)))
            while some := rows.fetchmany(10_000):
                yield f"table {name}", b"\n".join(_plain(value) for row in some for value in row)


def _plain(value: object) -> bytes:
    return bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()


def _cache(stack: Stack) -> Iterator[tuple[str, bytes]]:
    with Redis.from_url(stack.environment["REDIS_URL"]) as server:
        for key in server.scan_iter():
            yield "a key of the cache", key
            content = repr(READ[server.type(key)](server, key))
            yield "a value of the cache", content.encode().replace(rb"\x", b"\\x")


def opened(stack: Stack) -> dict[str, bytes]:
    """Every secret that is kept sealed, as only the holder of the keys can read it."""
    encryption = EncryptionService(keys=settings.ENCRYPTION_KEYS)
    secrets = {}
    with _database(stack) as database:
        for model, column in sealed_columns():
            query = sql.SQL("SELECT {}, {} FROM {} WHERE {} IS NOT NULL").format(
                sql.Identifier(str(model._meta.pk.column)),
                sql.Identifier(column),
                sql.Identifier(model._meta.db_table),
                sql.Identifier(column),
            )
            for pk, envelope in database.execute(query):
                name = f"{model._meta.db_table}.{column} of {pk}"
                secrets[name] = encryption.decrypt(bytes(envelope), row=place(model, pk, column))
    return secrets
