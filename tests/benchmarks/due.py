"""P8: a thousand connections due at once, with and without a slow institution among them, and a mail beside them.

BENCH_BANK_SECONDS is how long an institution takes for an answer (0.3).
"""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import psutil

from tests.benchmarks import people
from tests.benchmarks.institutions import NAMED, Institutions, slug
from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene

DUE, FEWER, SLOW = 1_000, 300, 60
MEASURED = 600  # of those that are due: the pace is the same to the end, and the others wait meanwhile
FAST_BANKS = 5
DELAY, SLOW_DELAY = float(os.environ.get("BENCH_BANK_SECONDS", "0.3")), 6.0
CONCURRENCY = 20
LONGEST_SECONDS = 90.0
MB = 1024 * 1024

_CONNECT = """
INSERT INTO providers_connection (id, user_id, provider, state, state_reason, state_since, provider_subject,
    next_sync_at, failures, created_at)
VALUES (%(id)s, %(user)s, %(provider)s, 'active', '', now(), %(subject)s, now() - %(ago)s * interval '1 s', 0, now())
"""
_TOKEN = """
INSERT INTO providers_providertoken (connection_id, access_token, scope, version, refreshed_at)
VALUES (%(id)s, %(token)s, '', 1, now())
"""
_QUEUE = """
from asgiref.sync import async_to_sync
from providers.wiring import sync_service
async_to_sync(sync_service().schedule_due)()
"""
_FORGET = """
from providers.models import Connection
Connection.objects.filter(provider__startswith="bench-").delete()
"""
_ENDED = """
SELECT min(run.started_at), max(run.finished_at) FILTER (WHERE fast AND run.state = 'succeeded'),
    count(*) FILTER (WHERE fast AND run.state = 'succeeded')
FROM providers_syncrun run
JOIN (SELECT id, provider <> %(slow)s AS fast FROM providers_connection WHERE provider LIKE 'bench-%%') c
    ON c.id = run.connection_id
"""


def measure(scene: Scene) -> list[Row]:
    """The worker alone is measured: queueing is over when it starts."""
    people.make(scene, DUE)
    scene.stack.end("worker")
    with Institutions([DELAY] * FAST_BANKS + [SLOW_DELAY]) as banks:
        with _working(scene, banks, fast=DUE, slow=0) as memory:
            waited = _mail(scene)
            began, before = _ended(scene), _processor(memory.pid)
            whole = _per_second(scene, MEASURED)
            each = (_processor(memory.pid) - before) / max(1, _ended(scene) - began)
            calls = _calls(scene, banks)
        with _working(scene, banks, fast=FEWER, slow=SLOW):
            beside = _per_second(scene, FEWER)
    scene.stack.start_worker()
    possible = CONCURRENCY / (calls * DELAY)
    name = f"{DUE:,} connections due at once, syncs/s ÷ {CONCURRENCY} places of {calls * DELAY:.1f} s"
    slow = f"{FEWER} of them beside {SLOW} of a bank that takes {SLOW_DELAY:.0f} s ÷ without it"
    return [
        row("P8", name, whole, "/s", yardstick=possible, at_least=0.85),
        row("P8.slow", slow, beside, "/s", yardstick=whole, at_least=0.8),
        row("P8.mail", "a mail queued beside them is out", waited, "s", yardstick=5.0, at_most=1.0),
        row(
            "P8.memory", "the worker's memory meanwhile", max(memory.seen), "MB", yardstick=300.0, at_most=1.0
        ),
        row("P8.processor", "the worker's processor time for a sync", each, "s", yardstick=0.2, at_most=1.0),
    ]


@dataclass(frozen=True, slots=True)
class _Memory:
    """The memory of a process in MB, as often as it was looked at."""

    pid: int
    seen: list[float]


def _processor(pid: int) -> float:
    return float(sum(psutil.Process(pid).cpu_times()[:2]))


def _ended(scene: Scene) -> int:
    with scene.database() as database:
        _, _, ended = database.execute(_ENDED, {"slow": slug(FAST_BANKS)}).fetchone() or ()
    return int(ended)


def _calls(scene: Scene, banks: Institutions) -> float:
    """Calls for each sync that has ended. Those under way have made a part of theirs, half on average."""
    return float(round(sum(banks.calls.values()) / (_ended(scene) + CONCURRENCY / 2), 1))


@contextmanager
def _working(scene: Scene, banks: Institutions, *, fast: int, slow: int) -> Iterator[_Memory]:
    """A worker with all that is due, the slow ones first; what it has not done in the end is forgotten."""
    _connect(scene, [slug(FAST_BANKS)] * slow + [slug(n % FAST_BANKS) for n in range(fast)])
    scene.stack.manage("shell", "-c", _QUEUE)
    environment = {NAMED: " ".join(banks.origins), "WORKER_CONCURRENCY": str(CONCURRENCY)}
    command = ("-m", "tests.benchmarks.institutions")
    worker = scene.stack.start_worker("due", command=command, environment=environment)
    with _watched(worker.pid) as memory:
        yield memory
    scene.stack.end("due", signal.SIGKILL)  # what hangs at the slow one is not worth waiting for
    with scene.database() as database:
        database.execute("DELETE FROM procrastinate_jobs WHERE queue_name = 'sync'")
    scene.stack.manage("shell", "-c", _FORGET)


def _per_second(scene: Scene, fast: int) -> float:
    """Syncs of fast institutions a second, once all have ended or it has taken far too long."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        with scene.database() as database:
            began, ended, count = database.execute(_ENDED, {"slow": slug(FAST_BANKS)}).fetchone() or ()
        if count >= fast:
            return float(count / (ended - began).total_seconds())
        threading.Event().wait(0.5)
    return float(count / LONGEST_SECONDS)


def _connect(scene: Scene, slugs: Sequence[str]) -> None:
    from dashtam.crypto.sealed_fields import seal_field
    from dashtam.ids import uuid7
    from dashtam.wiring import encryption_service
    from providers.connections.models import ProviderToken

    sealed = encryption_service()
    rows = []
    for n, provider in enumerate(slugs):
        id_ = uuid7()
        token = seal_field(sealed, ProviderToken, id_, "access_token", "open sesame")
        user: UUID = people.made_id("user", n % DUE + 1)
        rows.append(
            {
                "id": id_,
                "user": user,
                "provider": provider,
                "subject": str(n),
                "token": token,
                "ago": len(slugs) - n,
            }
        )
    with scene.database() as database, database.cursor() as cursor:
        cursor.executemany(_CONNECT, rows)
        cursor.executemany(_TOKEN, rows)


def _mail(scene: Scene) -> float:
    """Seconds from the answer to a sign-up until its mail is in the outbox."""
    address = f"beside-{time.monotonic_ns()}@example.org"
    body = {"email": address, "password": "correct horse battery staple", "name": "Beside"}
    with scene.stack.api() as api:
        where = {"X-Forwarded-For": f"10.77.{time.monotonic_ns() % 250}.1"}
        assert api.post("auth/users", json=body, headers=where).status_code == 202
    started = time.monotonic()
    deadline = started + LONGEST_SECONDS
    while time.monotonic() < deadline:
        if any(address in file.read_text() for file in scene.stack.outbox.glob("*.eml")):
            break
        threading.Event().wait(0.05)
    return time.monotonic() - started


@contextmanager
def _watched(pid: int) -> Iterator[_Memory]:
    """The memory of a process, looked at five times a second."""
    memory, done = _Memory(pid, [0.0]), threading.Event()

    def watch() -> None:
        process = psutil.Process(pid)
        while not done.wait(0.2) and process.is_running():
            memory.seen.append(process.memory_info().rss / MB)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield memory
    finally:
        done.set()
        watcher.join()
