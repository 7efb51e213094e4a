"""Faults of servers under pressure: slow, without space, without memory; and of nobody who listens to our log."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis

from dashtam.installation import unprivileged
from dashtam.installation.demo.processes import ROOT
from tests.faults.kinds.stores import FAILED, end_all, fill, mount, start_all, unmount
from tests.faults.reader import is_problem
from tests.faults.rows import ANEW, BUSY, GONE, fault, hold, send
from tests.faults.world import World
from tests.stack import PASSWORD, WORKER

SPACE = 8 * 1024 * 1024
EVENTS = "accounts_auditevent"


@fault(
    "postgres-slow",
    "each answer of PostgreSQL is a twentieth of a second late: all goes on, only slower",
    latest=6,
)
def postgres_slow(world: World) -> Iterator[None]:
    world.postgres.switch("late")
    try:
        world.expect_daily_life()
        yield
    finally:
        world.postgres.switch("pass")


@fault(
    "postgres-disk-full",
    "no space left for a table of PostgreSQL: reading goes on, sign-ins are told to come again, none has failed",
    answers=BUSY,
)
def postgres_disk_full(world: World) -> Iterator[None]:
    credentials = {"email": world.email, "password": PASSWORD}
    failed = world.count(FAILED)
    with _events_on_a_small_disk(world) as folder, world.stack.api() as api:
        fill(folder)
        world.seen.answers.clear()
        for _ in range(3):
            answer = api.post("auth/tokens", json=credentials)
            world.expect(
                answer.status_code == 503 and is_problem(answer),
                f"a sign-in was answered {answer.status_code}",
            )
        hold(1)
        world.expect(set(world.seen.answers) == {200}, f"readers were answered {dict(world.seen.answers)}")
        (folder / "filler").unlink()
        answer = api.post("auth/tokens", json=credentials)
        world.expect(
            answer.status_code == 200, f"with space again, a sign-in was answered {answer.status_code}"
        )
        world.expect(world.count(FAILED) == failed, "right passwords counted as failed")
    yield


@contextmanager
def _events_on_a_small_disk(world: World) -> Iterator[Path]:
    """The table of events in a file system of its own. Each new row needs a new page, so that full is full at once."""
    folder = world.home / "small-disk"
    mount(folder, size=SPACE)
    owner = world.servers("postgres")[0].uids().effective
    os.chown(folder, owner, owner)
    with psycopg.connect(world.stack.environment["MIGRATION_DATABASE_URL"], autocommit=True) as database:
        database.execute(f"CREATE TABLESPACE fault_disk LOCATION '{folder}'".encode())
        try:
            database.execute(f"ALTER TABLE {EVENTS} SET (fillfactor = 10)".encode())
            database.execute(f"ALTER TABLE {EVENTS} SET TABLESPACE fault_disk".encode())
            yield folder
        finally:
            (folder / "filler").unlink(missing_ok=True)
            database.execute(f"ALTER TABLE {EVENTS} SET TABLESPACE pg_default".encode())
            database.execute(f"ALTER TABLE {EVENTS} RESET (fillfactor)".encode())
            database.execute(b"DROP TABLESPACE fault_disk")
            unmount(folder)


@fault(
    "valkey-without-memory",
    "Valkey refuses to store anything, then throws out what it has: all but live events goes on",
    latest=1,
)
def valkey_without_memory(world: World) -> Iterator[None]:
    with redis.Redis(port=world.valkey.port) as client:
        before = client.config_get("maxmemory*")
        try:
            for policy in ("noeviction", "allkeys-random"):
                client.config_set("maxmemory-policy", policy)
                client.config_set("maxmemory", 1)
                world.expect_daily_life()
            yield
        finally:
            client.config_set("maxmemory", before["maxmemory"])
            client.config_set("maxmemory-policy", before["maxmemory-policy"])


@fault("valkey-restarted", "Valkey killed and started again, empty: all but live events goes on", latest=1)
def valkey_restarted(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    send(world, "valkey", signal.SIGKILL)  # its keeper starts it again
    world.expect_daily_life()
    yield


@fault(
    "output-closed",
    "nobody reads what web and worker write any more: their output is a pipe without a reader, and all goes on",
    answers=GONE,
    well_within=ANEW,
)
def output_closed(world: World) -> Iterator[None]:
    stack = world.stack
    end_all(world)
    serve = ("manage.py", "serve", "--port", str(stack.port))
    for name, command in (("web", serve), ("worker", WORKER)):
        stack.processes.running[name] = _into_nothing(world, command)
    stack.processes.wait_for("web", f"{stack.origin}/healthz")
    world.seen.answers.clear()
    world.expect_daily_life()
    world.expect(set(world.seen.answers) == {200}, f"readers were answered {dict(world.seen.answers)}")
    end_all(world)
    start_all(world)
    yield


def _into_nothing(world: World, command: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    """A process whose output is a pipe that nobody reads: each write fails with EPIPE."""
    reader, writer = os.pipe()
    try:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, **world.stack.environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=writer,
            start_new_session=True,
            preexec_fn=unprivileged.die_with_parent(),  # noqa: PLW1509 as Processes does
        )
    finally:
        for end in (reader, writer):
            with contextlib.suppress(OSError):
                os.close(end)
