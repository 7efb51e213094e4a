"""The only doors from async code into threads and processes.

`run_db` for database work, `place_to_hash` for password hashes, `place_to_compute` for anything that holds the GIL
for long. Everything else an async function calls, it calls directly.
"""

import asyncio
import contextvars
import functools
import logging
import math
import socket
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import AsyncToSync, SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections

from dashtam.bridge import computing
from dashtam.bridge.database import DatabaseBusy, DatabaseThreads, is_outage, repeated
from dashtam.bridge.hashing import hashing_pool
from dashtam.telemetry import traces

P = ParamSpec("P")
T = TypeVar("T")
logger = logging.getLogger(__name__)

STORE_SECONDS = 30.0


@functools.cache
def database_threads() -> DatabaseThreads:
    """The threads for the database, one pool for the whole process."""
    return DatabaseThreads(threads=settings.DATABASE_THREADS, queue=settings.DATABASE_QUEUE)


def database_context() -> ThreadSensitiveContext:
    """The context that every entry point (request, task, WebSocket event) enters once, before it uses the database."""
    return ThreadSensitiveContext(executor=database_threads())


async def run_db(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run database work, which may open a transaction, on a database thread.

    Raises DatabaseBusy when too many jobs wait for one. If the caller is cancelled, work that has begun goes on to
    its end, and work that has not is never begun. The work must be one transaction, or safe to do twice: after a
    serialization failure or deadlock it is done again.
    """
    if traces.tracer is not None:
        name = getattr(function, "__qualname__", "statement")
        with traces.span(name, "client", db__system__name="postgresql"):
            return await _run_db(function, *args, **kwargs)
    return await _run_db(function, *args, **kwargs)


async def _run_db(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is None or getattr(AsyncToSync.executors, "current", None) is not None:
        # A command, or a test inside its transaction: on the thread that all of it runs on.
        return await sync_to_async(repeated, thread_sensitive=True)(function, *args, **kwargs)
    # asgiref, which carries exceptions and context both ways, takes 58 µs for what this does in 36.
    call = functools.partial(repeated, function, *args, **kwargs)
    return await asyncio.wrap_future(database_threads().submit(contextvars.copy_context().run, call))


_kept: set[asyncio.Task[Any]] = set()


def keep_running(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start work that must not be cut short when its client has gone.

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
        task.exception()  # retrieved, or asyncio would log it when no caller awaits the task any more


async def warm_up(*, spared: bool = False) -> None:
    """Start the database and hashing threads and open every connection. Raises what the database raises.

    On a small machine, whose memory is to be spared, two connections are opened, and others while they are needed.
    """
    if spared:
        database_threads().spare_connections()
    opened = (run_db(_open_connection) for _ in range(2 if spared else settings.DATABASE_THREADS))
    hashing_pool().start()
    await asyncio.gather(*opened)


def _open_connection() -> None:
    connections["default"].ensure_connection()  # looked up here: each thread has its own


_aside = ThreadPoolExecutor(1, "aside")


async def run_aside(function: Callable[..., T], /, *args: object) -> T:
    """Run some milliseconds of reading and computing on one thread of its own, off the event loop, in turn."""
    return await asyncio.get_running_loop().run_in_executor(_aside, function, *args)


_rendering = ThreadPoolExecutor(1, "rendering")  # templates hold the interpreter: more threads gain nothing


async def run_rendering(function: Callable[..., T], /, *args: object) -> T:
    """Render a template in the caller's context, off the event loop, in turn. It asks no database."""
    call = contextvars.copy_context().run
    return await asyncio.get_running_loop().run_in_executor(_rendering, call, function, *args)


def close_processes() -> None:
    """End the processes of `place_to_compute`. Servers end by a signal, which passes Python's own clean-up by."""
    computing.end_all()


@functools.cache
def _long() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.COMPUTING_PROCESSES, "long transaction")


async def run_db_long(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a transaction of many statements, which takes seconds, on a thread and a connection of its own.

    All others keep theirs. It is not repeated when it meets another transaction: the caller begins anew.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is None or getattr(AsyncToSync.executors, "current", None) is not None:
        return await sync_to_async(function, thread_sensitive=True)(*args, **kwargs)  # as in run_db
    call = functools.partial(_and_hang_up, function, *args, **kwargs)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_long(), contextvars.copy_context().run, call)


def _and_hang_up(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return function(*args, **kwargs)
    finally:
        connections.close_all()


@functools.cache
def _lookups() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(16, "lookup")


async def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host, best first. Raises OSError.

    On threads of their own: a name server that hangs holds one for many seconds, and asyncio's few shared
    threads would be gone for all other lookups.
    """
    ask = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.wrap_future(_lookups().submit(ask))
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


async def run_db_at_last(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Like `run_db`, but waits for a database that is away: for values that exist in memory only.

    For a single statement or transaction that may be repeated. Raises what the database raises after
    STORE_SECONDS.
    """
    return await _patiently(STORE_SECONDS, functools.partial(function, *args, **kwargs))


async def run_db_however_long(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Like `run_db_at_last`, but waits until the process ends."""
    return await _patiently(math.inf, functools.partial(function, *args, **kwargs))


async def _patiently(seconds: float, call: Callable[[], T]) -> T:
    loop, pause = asyncio.get_running_loop(), 0.1
    end = loop.time() + seconds
    while True:
        try:
            return await run_db(call)
        except (DatabaseError, InterfaceError, DatabaseBusy) as error:
            if not is_outage(error) or loop.time() > end:
                raise
            logger.error("What is new could not be stored yet; trying on.")
            await asyncio.sleep(pause)
            pause = min(2 * pause, 3.0)
