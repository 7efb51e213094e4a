"""Faults of what is stored: a silent database, one that only reads, a cache emptied under open pages, a full disk."""

import contextlib
import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import redis
from websockets.sync.client import ClientConnection, connect

from tests.faults.reader import is_problem
from tests.faults.rows import BUSY, GONE, fault, hold, send
from tests.faults.world import World
from tests.stack import PASSWORD

SILENT_SECONDS = 25.0
EVENTS_AGAIN_WITHIN = 20.0
DISK = 1024 * 1024
FAILED = "SELECT count(*) FROM accounts_failedproof"
SIGN_INS = 7  # more than may fail
FOLDERS = ("logs", "outbox", "metrics", "spool")


@fault(
    "postgres-silent",
    f"PostgreSQL frozen for {SILENT_SECONDS:.0f} seconds while a client refreshes its session: it stays signed in",
    answers=BUSY,
    latest=20,
)
def postgres_silent(world: World) -> Iterator[None]:
    with world.stack.api() as api:
        pair = api.post("auth/tokens", json={"email": world.email, "password": PASSWORD}).json()
        client = threading.Thread(target=_refresh_politely, args=(world, pair["refresh_token"]))
        send(world, "postgres", signal.SIGSTOP)
        try:
            client.start()
            hold(SILENT_SECONDS)
            world.expect(world.seen.answers[503] > 0, "no request has ended")
        finally:
            send(world, "postgres", signal.SIGCONT)
            client.join()
    yield


def _refresh_politely(world: World, refresh_token: str) -> None:
    """Ask until there is an answer, with the token that one has, and read with the new one."""
    with world.stack.api() as api:
        for _ in range(10):
            try:
                answer = api.post("auth/tokens/refresh", json={"refresh_token": refresh_token})
            except httpx.TransportError:
                continue
            if answer.status_code != 503:
                break
            hold(float(answer.headers.get("Retry-After", 1)))
        world.expect(answer.status_code == 200, f"the session is lost: {answer.text[:200]}")
        bearer = {"Authorization": f"Bearer {answer.json().get('access_token')}"}
        world.expect(api.get("accounts", headers=bearer).status_code == 200, "the new token does not count")


@fault(
    "postgres-read-only",
    "PostgreSQL only reads: reading goes on, all else is told to come again, and no sign-in counts as failed",
    answers=BUSY,
)
def postgres_read_only(world: World) -> Iterator[None]:
    with psycopg.connect(world.stack.admin_url, autocommit=True) as owner:
        alter = f'ALTER DATABASE "{world.stack.database}" '
        before = world.count(FAILED)
        owner.execute((alter + "SET default_transaction_read_only = on").encode())
        try:
            world.postgres.cut()  # the setting counts for new sessions
            hold(0.5)
            world.seen.answers.clear()  # what was cut may have been told to come again
            _expect_come_again(world)
            hold(1)
            world.expect(
                set(world.seen.answers) == {200}, f"readers were answered {dict(world.seen.answers)}"
            )
            yield
        finally:
            owner.execute((alter + "RESET default_transaction_read_only").encode())
            world.postgres.cut()
    hold(0.5)
    with world.stack.api() as api:
        answer = api.post("auth/tokens", json={"email": world.email, "password": PASSWORD})
    counted = world.count(FAILED) > before or answer.status_code != 200
    world.expect(not counted, f"right passwords counted as failed: {answer.status_code}")


def _expect_come_again(world: World) -> None:
    credentials = {"email": world.email, "password": PASSWORD}
    with world.stack.api(world.token) as api:
        asked = {
            **{f"sign-in {n}": api.post("auth/tokens", json=credentials) for n in range(SIGN_INS)},
            "change of name": api.patch("auth/me", json={"name": "Ana"}),
            "sync": api.post(f"connections/{world.connection}/syncs"),
        }
    for what, answer in asked.items():
        fine = answer.status_code == 503 and is_problem(answer)
        world.expect(fine, f"{what}: {answer.status_code} {answer.text[:80]}")


@fault("valkey-flushed-live", "Valkey emptied under an open page: its live events come again by themselves")
def valkey_flushed_live(world: World) -> Iterator[None]:
    with world.stack.api(world.token) as api:
        ticket = api.post("events/tickets").json()["ticket"]
    with connect(f"ws://127.0.0.1:{world.stack.port}/ws/events?ticket={ticket}", proxy=None) as page:
        world.ask_for_a_sync()
        world.expect(_event(page, 10), "no live events before the fault")
        with redis.Redis(port=world.valkey.port) as client:
            client.flushall()
        deadline = time.monotonic() + EVENTS_AGAIN_WITHIN
        came = False
        while not came and time.monotonic() < deadline:
            page.send(json.dumps({"type": "ping"}))  # as our pages do
            world.ask_for_a_sync()
            came = _event(page, 2)
        world.expect(came, f"no live events {EVENTS_AGAIN_WITHIN:.0f} seconds after it")
    yield


def _event(page: ClientConnection, seconds: float) -> bool:
    """True if an event of a sync comes in so many seconds."""
    deadline = time.monotonic() + seconds
    with contextlib.suppress(TimeoutError):
        while (left := deadline - time.monotonic()) > 0:
            if json.loads(page.recv(left))["type"].startswith("sync."):
                return True
    return False


@fault(
    "disk-full",
    "no space left for logs, outbox, metrics and spool: people read and sign up, syncs go on, mail leaves later",
    answers=GONE,
)
def disk_full(world: World) -> Iterator[None]:
    stack = world.stack
    folders = [stack.home / name for name in FOLDERS]
    end_all(world)
    for folder in folders:
        mount(folder)
    try:
        start_all(world)
        for folder in folders:
            fill(folder)
        world.seen.answers.clear()
        letters = len(list(stack.outbox.glob("*.eml")))
        with stack.api() as api:
            body = {"email": f"full-{time.monotonic_ns()}@example.org", "password": PASSWORD, "name": "Full"}
            world.expect(api.post("auth/users", json=body).status_code == 202, "nobody can sign up")
        world.expect_daily_life()
        world.expect(set(world.seen.answers) == {200}, f"readers were answered {dict(world.seen.answers)}")
        for folder in folders:
            (folder / "filler").unlink()
        world.stack.wait_for(lambda: len(list(stack.outbox.glob("*.eml"))) > letters, "the mail")
    finally:
        end_all(world)
        for folder in folders:
            unmount(folder)
        start_all(world)
    yield


def mount(folder: Path, *, size: int = DISK) -> None:
    """Put a small file system of its own there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "dashtam-full", str(folder))


def unmount(folder: Path) -> None:
    """Take it away again."""
    _run("umount", str(folder))


def _run(*command: str) -> None:
    """As root: a file system of its own cannot be had otherwise."""
    subprocess.run(command, check=True, capture_output=True)


def fill(folder: Path) -> None:
    """Use up all its space, by the file `filler`."""
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)


def end_all(world: World) -> None:
    """End web and worker."""
    for name in ("worker", "web"):
        if name in world.stack.processes.running:
            world.stack.end(name)


def start_all(world: World) -> None:
    """Start them again."""
    world.stack.start_web("web", world.stack.port)
    world.stack.start_worker()
    world.stack.processes.wait_for("web", f"{world.stack.origin}/healthz")
