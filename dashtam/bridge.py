"""The only doors from async code into threads and processes.

`run_db` for database work, `place_to_hash` for password hashes, `run_cpu` for anything that holds the GIL for
long. Everything else an async function calls, it calls directly.
"""

import asyncio
import contextvars
import functools
import multiprocessing
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import AsyncToSync, SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.contrib.auth.hashers import get_hasher
from django.db import connections

from dashtam import metrics, unprivileged
from dashtam.database_threads import DatabaseThreads, repeated
from dashtam.errors import ServiceBusy

P = ParamSpec("P")
T = TypeVar("T")


@functools.cache
def database_threads() -> DatabaseThreads:
    """The threads for the database, one pool for the whole process."""
    return DatabaseThreads(threads=settings.DATABASE_THREADS, queue=settings.DATABASE_QUEUE)


def database_context() -> ThreadSensitiveContext:
    """What every entry point (request, task, WebSocket event) enters, once, before it uses the database."""
    return ThreadSensitiveContext(executor=database_threads())


async def run_db(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run database work, which may open a transaction, on a database thread.

    Raises DatabaseBusy when too many wait for one. If the caller is cancelled, work that has begun goes on to
    its end, and work that has not is never begun. The work is one transaction, or may be done twice: when
    PostgreSQL takes it back because it met another one, it is done again.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is None or getattr(AsyncToSync.executors, "current", None) is not None:
        # A command, or a test inside its transaction: on the thread that all of it runs on.
        return await sync_to_async(repeated, thread_sensitive=True)(function, *args, **kwargs)
    # asgiref, which carries exceptions and context both ways, takes 58 µs for what this does in 36.
    call = functools.partial(repeated, function, *args, **kwargs)
    return await asyncio.wrap_future(database_threads().submit(contextvars.copy_context().run, call))


_kept: set[asyncio.Task[Any]] = set()


def keep_running(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start work that must not be cut short when whoever asked for it has gone.

    Await it as `await asyncio.shield(keep_running(…))`. A client that hangs up cancels its request and ends
    the request's database context; the work therefore runs as a task of its own in a context of its own.
    """
    task = asyncio.get_running_loop().create_task(_in_own_context(work))
    _kept.add(task)
    task.add_done_callback(_finished)
    return task


async def _in_own_context(work: Coroutine[Any, Any, T]) -> T:
    if SyncToAsync.thread_sensitive_context.get(None) is None:
        return await work  # no entry point: a command, or a test inside its transaction
    async with database_context():
        return await work


async def finish_kept(*, seconds: float = 25) -> None:
    """Wait for what `keep_running` started; called once, when the process is asked to end."""
    if _kept:
        await asyncio.wait(set(_kept), timeout=seconds)


def _finished(task: asyncio.Task[Any]) -> None:
    _kept.discard(task)
    if not task.cancelled():
        task.exception()  # seen, so that nothing is said of it when nobody waits any more


async def warm_up() -> None:
    """Start the database and hashing threads and open every connection. Raises what the database raises."""
    opened = (run_db(_open_connection) for _ in range(settings.DATABASE_THREADS))
    _hashing_pool().start()
    await asyncio.gather(*opened)


def _open_connection() -> None:
    connections["default"].ensure_connection()  # looked up here: each thread has its own


class HashingPool:
    """Threads for password hashes alone, and a crowd in front of them that cannot grow for ever.

    Twelve rounds of bcrypt take about 0.3 s of a core. More threads than cores gain nothing, and a crowd
    without end only makes everybody wait for work whose caller has gone. How many may wait follows from how
    long they would: at most `wait` seconds, at the pace of the latest hashes. Strangers leave the last quarter
    of that to people we know, so that a flood of sign-ins keeps nobody from a new password.
    """

    def __init__(self, *, threads: int, wait: float) -> None:
        self.size = threads
        self.wait = wait
        self.held = 0
        self.seconds = 0.3  # until we know better
        self.timings = 0
        self.threads = ThreadPoolExecutor(threads, "hashing", initializer=_yield_to_the_loop)

    def start(self) -> None:
        """Start the threads before anybody needs them, and see how long a hash takes here."""
        for _ in range(self.size):
            self.threads.submit(self.timed, _hash_something)

    def check(self, *, stranger: bool) -> None:
        """Raises ServiceBusy when the crowd is full."""
        most = self.wait * (0.75 if stranger else 1)
        if self.held >= self.size and self.held * self.seconds / self.size > most:
            metrics.hash_refused()
            # Apart, so that not all come back at once.
            raise ServiceBusy(retry_after=2 + secrets.randbelow(3))

    @contextmanager
    def place(self, *, stranger: bool) -> Iterator["HashingPlace"]:
        """A place in the crowd, to be had before anything else is done. Raises ServiceBusy when it is full."""
        self.check(stranger=stranger)
        self.held += 1
        metrics.HASHES_WAITING.change(1)
        place = HashingPlace(self)
        try:
            yield place
        finally:
            place.leave()

    def timed(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Do the work, and keep count of how long such work takes."""
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            self.timings += 1  # the first hashes tell all we know, later ones a fifth of it
            self.seconds += max(0.2, 1 / self.timings) * (time.perf_counter() - started - self.seconds)


class HashingPlace:
    """One caller's place: for several hashes, one after the other."""

    def __init__(self, pool: HashingPool) -> None:
        self.pool = pool
        self.job: Future[Any] | None = None

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one hash. A caller that is cancelled takes its hash out of the queue, unless it runs already."""
        job = self.pool.threads.submit(
            functools.partial(self.pool.timed, metrics.hashing(function), *args, **kwargs)
        )
        self.job = job
        return await asyncio.wrap_future(job)

    def leave(self) -> None:
        """Give the place up, or let a hash that runs do so: it cannot be stopped, even if nobody waits for it."""
        if self.job is None or self.job.done():
            self._left()
        else:
            loop = asyncio.get_running_loop()
            self.job.add_done_callback(lambda _: loop.is_closed() or loop.call_soon_threadsafe(self._left))

    def _left(self) -> None:
        self.pool.held -= 1
        metrics.HASHES_WAITING.change(-1)


def _hash_something() -> None:
    hasher = get_hasher()
    hasher.encode("nobody's password", hasher.salt())


def _yield_to_the_loop() -> None:
    """Let the event loop's thread win the core when both want it."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


@functools.cache
def _hashing_pool() -> HashingPool:
    return HashingPool(threads=settings.HASH_THREADS or os.cpu_count() or 2, wait=settings.HASH_WAIT_SECONDS)


def place_to_hash(*, stranger: bool) -> AbstractContextManager[HashingPlace]:
    """A place on the hashing pool, `with … as place:`, on which to `await place.run(…)`. Raises ServiceBusy.

    For whoever asks the limits and the database before hashing: those who are turned away ask nobody.
    """
    return _hashing_pool().place(stranger=stranger)


def check_crowd() -> None:
    """Raises ServiceBusy when a stranger would have no place to hash."""
    _hashing_pool().check(stranger=True)


_aside = ThreadPoolExecutor(1, "aside")


async def run_aside(function: Callable[..., T], /, *args: object) -> T:
    """Run some milliseconds of reading and computing that nobody should wait for, one after the other."""
    return await asyncio.get_running_loop().run_in_executor(_aside, function, *args)


@functools.cache
def _processes() -> ProcessPoolExecutor:
    # Spawned, not forked: a fork would copy locks and database connections in whatever state they are.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(
        max_workers=1, mp_context=context, max_tasks_per_child=50, initializer=_end_with_the_parent
    )


def _end_with_the_parent() -> None:
    # An idle process of the pool waits for work for ever, also when whoever would send it was killed.
    unprivileged.die_with_parent()()


def close_processes() -> None:
    """End the processes of `run_cpu`. Servers end by a signal, which passes Python's own clean-up by."""
    if _processes.cache_info().currsize:
        _processes().shutdown(cancel_futures=True)
        _processes.cache_clear()


async def run_cpu(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run seconds of pure computation in another process. Function, arguments and result are pickled."""
    call = functools.partial(function, *args, **kwargs)
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(_processes(), call)
    except BrokenProcessPool:
        _processes.cache_clear()  # the process was killed, not our fault: once more in a new one
        return await loop.run_in_executor(_processes(), call)


@functools.cache
def _lookups() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(16, "lookup")


async def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host, best first. Raises OSError.

    On threads of their own: a name server that hangs holds one for many seconds, and asyncio's few shared
    threads would be gone for everybody's names.
    """
    ask = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.wrap_future(_lookups().submit(ask))
    return list(dict.fromkeys(str(place[0]) for *_, place in found))
