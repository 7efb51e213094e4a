"""The faults, one function each: it breaks something, holds it for a while, and puts it right again."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import psycopg

from tests.faults.world import World

HOLD_SECONDS = 3.0
Inject = Callable[[World], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """A fault: its name, a sentence about it, the function that causes it, and the bounds that must hold.

    `answers` are the statuses that a reader may meet meanwhile (0: no answer at all), `latest` is the longest that
    one answer may take, `well_within` the longest until reading, readiness and a new sync work again, in seconds.
    """

    name: str
    words: str
    inject: Inject
    answers: frozenset[int]
    latest: float
    well_within: float


FAULTS: list[Fault] = []
FINE = frozenset({200})
BUSY = frozenset({200, 503})
GONE = frozenset({0, 200, 503})
ANEW = 60.0  # seconds until all is well where web and worker are started anew at the end


def fault(
    name: str,
    words: str,
    *,
    answers: frozenset[int] = FINE,
    latest: float = 2.0,
    well_within: float = 15.0,
) -> Callable[[Callable[[World], Iterator[None]]], Inject]:
    """Register a function that breaks something before its `yield`, and mends it after."""

    def register(function: Callable[[World], Iterator[None]]) -> Inject:
        inject = contextmanager(function)
        FAULTS.append(Fault(name, words, inject, answers, latest, well_within))
        return inject

    return register


def hold(seconds: float = HOLD_SECONDS) -> None:
    """Keep the fault going."""
    threading.Event().wait(seconds)


def send(world: World, server: str, what: signal.Signals) -> None:
    """A signal to all processes of this run's own PostgreSQL or Valkey."""
    for process in world.servers(server):
        process.send_signal(what)


@fault(
    "postgres-restarted",
    "PostgreSQL stopped at once in the middle of a sync, and started again: read from within five seconds",
    answers=BUSY,
)
def postgres_restarted(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    world.servers("postgres")[0].send_signal(signal.SIGQUIT)  # its keeper starts it again
    hold(5)
    world.expect(world.reads(), "nothing can be read five seconds after the restart")
    yield


@fault("postgres-frozen", "PostgreSQL frozen for six seconds in the middle of a sync", answers=BUSY, latest=8)
def postgres_frozen(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    send(world, "postgres", signal.SIGSTOP)
    try:
        hold(6)
        yield
    finally:
        send(world, "postgres", signal.SIGCONT)


@fault(
    "postgres-black-hole",
    "nothing sent to PostgreSQL arrives, nothing comes back: requests end with 503 within their time",
    answers=BUSY,
    latest=18,
)
def postgres_black_hole(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    world.postgres.switch("black_hole")
    try:
        hold(18)
        world.expect(world.seen.answers[503] > 0, "no request has ended")
        yield
    finally:
        world.postgres.switch("pass")


@fault("postgres-cut", "every connection to PostgreSQL reset in the middle of a sync", answers=BUSY)
def postgres_cut(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    for _ in range(5):
        world.postgres.cut()
        hold(0.3)
    yield


@fault("postgres-full", "PostgreSQL out of connections", answers=BUSY)
def postgres_full(world: World) -> Iterator[None]:
    role = psycopg.conninfo.conninfo_to_dict(world.stack.environment["DATABASE_URL"])["user"]
    with psycopg.connect(world.stack.admin_url, autocommit=True) as owner:
        owner.execute(f'ALTER ROLE "{role}" CONNECTION LIMIT 0')
        try:
            world.postgres.cut()
            world.ask_for_a_sync()
            hold()
            world.expect(world.seen.answers[503] > 0, "PostgreSQL was not out of connections")
            yield
        finally:
            owner.execute(f'ALTER ROLE "{role}" CONNECTION LIMIT -1')


@fault(
    "valkey-stopped",
    "Valkey refuses connections in the middle of a sync; all but live events goes on",
    latest=1,
)
def valkey_stopped(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    world.valkey.switch("refuse")
    try:
        world.expect_daily_life()
        yield
    finally:
        world.valkey.switch("pass")


@fault("valkey-frozen", "Valkey frozen in the middle of a sync; all but live events goes on", latest=1)
def valkey_frozen(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    send(world, "valkey", signal.SIGSTOP)
    try:
        world.expect_daily_life()
        yield
    finally:
        send(world, "valkey", signal.SIGCONT)


@fault("valkey-flushed", "Valkey emptied in the middle of a sync; all but live events goes on", latest=1)
def valkey_flushed(world: World) -> Iterator[None]:
    import redis

    world.ask_for_a_sync()
    with redis.Redis(port=world.valkey.port) as client:
        client.flushall()
    world.expect_daily_life()
    yield
