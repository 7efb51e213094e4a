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
    """A fault: its name, a sentence about it, and the function that causes it."""

    name: str
    words: str
    inject: Inject


FAULTS: list[Fault] = []


def fault(name: str, words: str) -> Callable[[Callable[[World], Iterator[None]]], Inject]:
    """Register a function that breaks something before its `yield`, and mends it after."""

    def register(function: Callable[[World], Iterator[None]]) -> Inject:
        inject = contextmanager(function)
        FAULTS.append(Fault(name, words, inject))
        return inject

    return register


def hold(seconds: float = HOLD_SECONDS) -> None:
    """Keep the fault going."""
    threading.Event().wait(seconds)


def send(world: World, server: str, what: signal.Signals) -> None:
    """A signal to all processes of this run's own PostgreSQL or Valkey."""
    for process in world.servers(server):
        process.send_signal(what)


@fault("postgres-restarted", "PostgreSQL stopped at once in the middle of a sync, and started again")
def postgres_restarted(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    world.servers("postgres")[0].send_signal(signal.SIGQUIT)  # its keeper starts it again
    hold()
    yield


@fault("postgres-frozen", "PostgreSQL frozen in the middle of a sync")
def postgres_frozen(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    send(world, "postgres", signal.SIGSTOP)
    try:
        hold(6)
        yield
    finally:
        send(world, "postgres", signal.SIGCONT)


@fault("postgres-black-hole", "nothing sent to PostgreSQL arrives, nothing comes back")
def postgres_black_hole(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    world.postgres.switch("black_hole")
    try:
        hold(6)
        yield
    finally:
        world.postgres.switch("pass")


@fault("postgres-cut", "every connection to PostgreSQL reset in the middle of a sync")
def postgres_cut(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    for _ in range(5):
        world.postgres.cut()
        hold(0.3)
    yield


@fault("postgres-full", "PostgreSQL out of connections")
def postgres_full(world: World) -> Iterator[None]:
    role = psycopg.conninfo.conninfo_to_dict(world.stack.environment["DATABASE_URL"])["user"]
    with psycopg.connect(world.stack.admin_url, autocommit=True) as owner:
        owner.execute(f'ALTER ROLE "{role}" CONNECTION LIMIT 1')
        try:
            world.postgres.cut()
            world.ask_for_a_sync()
            hold()
            yield
        finally:
            owner.execute(f'ALTER ROLE "{role}" CONNECTION LIMIT -1')


@fault("valkey-stopped", "Valkey refuses connections in the middle of a sync")
def valkey_stopped(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    world.valkey.switch("refuse")
    try:
        hold()
        yield
    finally:
        world.valkey.switch("pass")


@fault("valkey-frozen", "Valkey frozen in the middle of a sync")
def valkey_frozen(world: World) -> Iterator[None]:
    world.ask_for_a_sync()
    send(world, "valkey", signal.SIGSTOP)
    try:
        hold()
        yield
    finally:
        send(world, "valkey", signal.SIGCONT)


@fault("valkey-flushed", "Valkey emptied in the middle of a sync")
def valkey_flushed(world: World) -> Iterator[None]:
    import redis

    world.ask_for_a_sync()
    with redis.Redis(port=world.valkey.port) as client:
        client.flushall()
    yield
