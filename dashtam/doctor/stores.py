"""PostgreSQL, the Redis-protocol server, and the worker."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from dashtam.doctor.checkup import Finding, counted, examines
from dashtam.doctor.refusals import unanswered
from dashtam.installation.identity import Installation
from dashtam.telemetry.gauges import worker_is_alive

OLDEST_POSTGRESQL = 140_000
QUEUE_CONNECTIONS = 10  # what procrastinate opens beside ours
CLOCK_SECONDS = 2.0


def _read_only(setting: str) -> Iterator[Finding]:
    if setting == "on":
        yield Finding(
            "PostgreSQL takes no writes: this is a standby, or default_transaction_read_only is on. Set DATABASE_URL to"
            " the primary server, or turn it off."
        )


def _connections(room: int, busy: int) -> Iterator[Finding]:
    webs = int(os.environ.get("WEB_CONCURRENCY") or 1)
    needed = settings.DATABASE_THREADS * (webs + 1) + QUEUE_CONNECTIONS
    if needed > room:
        yield Finding(
            f"{counted(webs, 'One web process', '{} web processes')} and one worker may open {needed} connections, but"
            f" PostgreSQL allows {room}: raise max_connections, or lower DATABASE_THREADS."
        )
    elif busy > 0.9 * room:
        yield Finding(f"PostgreSQL has {busy} of {room} connections open: raise max_connections.")


@examines("database")
def database(*, full: bool) -> Iterator[Finding]:
    """PostgreSQL answers, takes writes, is recent enough, allows all our connections, and agrees with our clock."""
    if not os.environ.get("DATABASE_URL"):
        yield Finding(
            f"DATABASE_URL is not set, and {settings.HOME} holds no database of its own: set it, or let"
            " `manage.py migrate` make one there."
        )
        return
    try:
        connection.ensure_connection()
    except (DatabaseError, InterfaceError) as error:
        yield Finding(unanswered(error))
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'),"
            " current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,"
            " (SELECT count(*) FROM pg_stat_activity), clock_timestamp(), current_setting('transaction_read_only')"
        )
        number, version, room, busy, clock, read_only = cursor.fetchone()
    if number < OLDEST_POSTGRESQL:
        yield Finding(f"PostgreSQL {version} is too old: Dashtam needs 14 or newer.")
    yield from _read_only(read_only)
    yield from _connections(room, busy)
    apart = abs((datetime.now(UTC) - clock).total_seconds())
    if apart > CLOCK_SECONDS:
        yield Finding(
            f"The clocks of this machine and of PostgreSQL are {apart:.0f} seconds apart: let NTP set both."
        )


@examines("tables")
def tables(*, full: bool) -> Iterator[Finding]:
    """No migration is pending."""
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        what = counted(len(pending), "One migration is", "{} migrations are")
        yield Finding(f"{what} pending: run `manage.py migrate`.")


@examines("cache")
def cache(*, full: bool) -> Iterator[Finding]:
    """The cache answers, and evicts no key that has not expired."""
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            memory = client.info("memory")
    except (redis.AuthenticationError, redis.exceptions.NoPermissionError):
        yield Finding("The cache refuses the password of REDIS_URL: correct it.")
        return
    except (redis.RedisError, ValueError, OSError) as error:
        yield Finding(
            f"The cache does not answer ({type(error).__name__}): check REDIS_URL and that it runs."
        )
        return
    policy = memory.get("maxmemory_policy", "noeviction")
    if memory.get("maxmemory") and policy.startswith("allkeys"):
        yield Finding(
            f"When the cache is full it drops any key ({policy}), the limits on sign-ins among them: set"
            " maxmemory-policy to noeviction or volatile-ttl."
        )


@examines("institutions")
def outgoing(*, full: bool) -> Iterator[Finding]:
    """They may be called: this database is not a copy."""
    if Installation.objects.looks_like_a_copy():
        yield Finding(
            "This database is a copy, or was moved, so no institution is called. Once the original is no longer in use,"
            " run `manage.py resume_outgoing`."
        )


@examines("worker")
def worker(*, full: bool) -> Iterator[Finding]:
    """A worker, which syncs and sends mail, has reported lately."""
    if not worker_is_alive():
        yield Finding("No worker has reported lately: start `manage.py procrastinate worker`.")
