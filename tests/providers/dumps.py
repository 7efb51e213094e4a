"""Everything that PostgreSQL and Valkey hold, as the thief of a backup would search it."""

from typing import Any

import redis
from django.conf import settings
from django.db import connection


def database() -> bytes:
    """All rows of all tables."""
    found = bytearray()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            for row in cursor.fetchall():
                found += b"\n" + b"|".join(_bytes(value) for value in row)
    return bytes(found)


def cache() -> bytes:
    """All keys with their values, of any type, in the server's own form."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return b"\n".join(key + b"=" + (client.dump(key) or b"") for key in client.scan_iter())


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()
