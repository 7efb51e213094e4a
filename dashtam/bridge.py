"""The only doors from async code into threads and processes.

`run_db` for database work, `run_hash` for password hashes, `run_cpu` for anything that holds the GIL for
long. Everything else an async function calls, it calls directly.
"""

import asyncio
import functools
import multiprocessing
import os
import select
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.db import connections

from dashtam import unprivileged
from dashtam.errors import ServiceBusy

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseThreads(ThreadPoolExecutor):
    """Long-lived threads, each with its own database connection that is replaced when it has broken.

    asgiref asks that an executor for a context run one call at a time, which keeps one request on one
    connection. Nothing here needs that: a transaction lives inside one `run_db` call, and no session
    state is left on a connection. So all requests share one pool; a request holds a thread only while
    it uses the database, never while it waits for anything else.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return super().submit(functools.partial(_on_sound_connections, fn, *args, **kwargs))


def _on_sound_connections(fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    for connection in connections.all(initialized_only=True):
        if (
            connection.connection is not None
            and not connection.in_atomic_block
            and _hung_up(connection.connection)
        ):
            connection.close()
    try:
        return fn(*args, **kwargs)
    finally:
        for connection in connections.all(initialized_only=True):
            connection.close_if_unusable_or_obsolete()


def _hung_up(connection: Any) -> bool:
    """An idle connection with something to read has been closed by the server. One poll, two microseconds."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))


@functools.cache
def _database_threads() -> DatabaseThreads:
    return DatabaseThreads(settings.DATABASE_THREADS, thread_name_prefix="database")


def database_context() -> ThreadSensitiveContext:
    """What every entry point (request, task, WebSocket event) enters, once, before it uses the database."""
    return ThreadSensitiveContext(executor=_database_threads())


async def run_db(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run database work, which may open a transaction, on a database thread."""
    return await sync_to_async(function, thread_sensitive=True)(*args, **kwargs)


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
    await asyncio.gather(*opened, *(run_hash(int) for _ in range(_hashing_pool().size)))


def _open_connection() -> None:
    connections["default"].ensure_connection()  # looked up here: each thread has its own


class HashingPool:
    """Threads for password hashes alone, with a bounded queue in front.

    Twelve rounds of bcrypt take about 0.3 s of a core. More threads than cores gain nothing, and a
    queue without end only makes everybody wait for work whose caller has gone.
    """

    def __init__(self, *, threads: int, queue: int) -> None:
        self.size = threads
        self.limit = threads + queue
        self.waiting = 0
        self.threads = ThreadPoolExecutor(threads, "hashing", initializer=_yield_to_the_loop)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one hash. Raises ServiceBusy at once when the queue is full."""
        if self.waiting >= self.limit:
            raise ServiceBusy(retry_after=3)
        self.waiting += 1
        try:
            # A hash that runs cannot be stopped: it keeps its place until it is done, even if nobody waits.
            job = self.threads.submit(function, *args, **kwargs)
        except BaseException:
            self.waiting -= 1
            raise
        loop = asyncio.get_running_loop()
        job.add_done_callback(lambda _: loop.is_closed() or loop.call_soon_threadsafe(self._left))
        return await asyncio.wrap_future(job)

    def _left(self) -> None:
        self.waiting -= 1


def _yield_to_the_loop() -> None:
    """Let the event loop's thread win the core when both want it."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


@functools.cache
def _hashing_pool() -> HashingPool:
    return HashingPool(threads=settings.HASH_THREADS or os.cpu_count() or 2, queue=settings.HASH_QUEUE)


async def run_hash(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a password hash on the hashing pool. Raises ServiceBusy when too many wait already."""
    return await _hashing_pool().run(function, *args, **kwargs)


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
