"""Threads that talk to the database: few, long-lived, and with an end to every wait."""

import contextlib
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

from django.db import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from psycopg.errors import ReadOnlySqlTransaction

from dashtam.errors import ServiceBusy
from dashtam.telemetry import metrics

P = ParamSpec("P")
T = TypeVar("T")

RETRIED_SQLSTATES = {"40001", "40P01"}  # serialization failure, deadlock
TRANSACTION_ATTEMPTS = 3
LOOK_EVERY_SECONDS = 0.25
HANG_UP_SECONDS = 45.0


class DatabaseBusy(ServiceBusy):
    """Every connection is in use, and too many wait for one."""

    code = "database_busy"
    retry_after = 2


def is_outage(error: BaseException) -> bool:
    """True where the database is away, overloaded or read-only for now: the same work may succeed later."""
    return isinstance(error, (OperationalError, InterfaceError, DatabaseBusy)) or is_read_only(error)


def is_read_only(error: BaseException) -> bool:
    """True for a write that was refused by a standby or under `default_transaction_read_only` (SQLSTATE 25006)."""
    return isinstance(error, InternalError) and isinstance(error.__cause__, ReadOnlySqlTransaction)


@contextlib.contextmanager
def one_transaction() -> Iterator[None]:
    """The caller's transaction, or one of its own where there is none.

    Unlike `transaction.atomic` it sets no savepoint, which takes two statements more: what an error leaves half done
    is undone with the caller's transaction.
    """
    if connection.in_atomic_block:
        yield
    else:
        with transaction.atomic():
            yield


@contextlib.contextmanager
def unless_read_only() -> Iterator[None]:
    """A write that may be left out while the database takes none: a note of when something was last used."""
    try:
        with transaction.atomic():
            yield
    except InternalError as error:
        if not is_read_only(error):
            raise


@dataclass(slots=True, eq=False)
class _Job:
    call: Callable[[], Any]
    future: "Future[Any]" = field(default_factory=Future)
    made: float = field(default_factory=time.monotonic)

    def refuse(self) -> None:
        if self.future.set_running_or_notify_cancel():
            metrics.database_refused()
            self.future.set_exception(DatabaseBusy())


class DatabaseThreads(Executor):
    """A pool of threads, each with its own database connection that is replaced when it has broken.

    asgiref asks that an executor for a context run one call at a time, which keeps one request on one
    connection. No code here needs that: a transaction lives inside one `run_db` call, and no session
    state is left on a connection. So all requests share one pool; a request holds a thread only while
    it uses the database, never during other waits.

    Python's own pool has an unbounded queue and waits for its threads when the process ends. Here a job that
    finds `queue` others waiting is refused with DatabaseBusy, and `start_watchdog` bounds the other waits.

    A job goes to the thread that has finished last: when there is little to do, few connections do it, and
    those have the statements prepared and the tables at hand.
    """

    def __init__(self, *, threads: int, queue: int) -> None:
        self.size = threads
        self.queue = queue
        self.patience: float | None = None
        self.line: deque[_Job] = deque()
        self.idle: list[_Worker] = []
        self.lock = threading.Lock()  # held from looking at `idle` or `line` until acting on what was seen
        self.stirred = threading.Event()  # set by each job: the watchdog sleeps while there is none
        self.workers = [_Worker(self, f"database_{n}") for n in range(threads)]
        self.watching = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        job = _Job(lambda: fn(*args, **kwargs))
        with self.lock:
            if self.idle:
                self.idle.pop().give(job)
            elif len(self.line) < self.queue:
                self.line.append(job)
            else:
                metrics.database_refused()
                raise DatabaseBusy()
        if not self.stirred.is_set():
            self.stirred.set()
        return job.future

    def next_for(self, worker: "_Worker") -> _Job | None:
        """The next job for a thread that has finished; None when it must wait until a job is given to it."""
        with self.lock:
            if self.line:
                return self.line.popleft()
            self.idle.append(worker)
            return None

    def spare_connections(self, *, after: float = HANG_UP_SECONDS) -> None:
        """Have a thread hang up that has done nothing for so many seconds; it connects again for its next job.

        For small machines: PostgreSQL has a process of 2 to 5 MB for each connection.
        """
        self.patience = after

    def start_watchdog(self, *, wait_seconds: float, work_seconds: float) -> None:
        """Start a thread that refuses jobs that have waited too long and cuts connections of those that run too long.

        A server that vanished or froze in the middle of a statement obeys no `statement_timeout`, and a
        thread that waits for it waits with it. Without its connection the thread is free at once.
        """
        if not self.watching:
            self.watching = True
            limits = (wait_seconds, work_seconds)
            threading.Thread(target=self._watch, args=limits, name="database-watch", daemon=True).start()

    def _watch(self, wait_seconds: float, work_seconds: float) -> None:
        pause = threading.Event()
        while self.stirred.wait():
            self.stirred.clear()
            while len(self.idle) < self.size:
                pause.wait(LOOK_EVERY_SECONDS)
                self._refuse(before=time.monotonic() - wait_seconds)
                for worker in self.workers:
                    worker.cut(before=time.monotonic() - work_seconds)

    def _refuse(self, *, before: float) -> None:
        with contextlib.suppress(IndexError):  # the line is empty
            while True:
                with self.lock:
                    if self.line[0].made >= before:
                        return
                    job = self.line.popleft()
                job.refuse()


class _Worker(threading.Thread):
    """One thread and its connection."""

    def __init__(self, pool: DatabaseThreads, name: str) -> None:
        super().__init__(name=name, daemon=True)  # a stuck one must not hold up the end of the process
        self.pool = pool
        self.given: SimpleQueue[_Job] = SimpleQueue()
        self.since: float | None = None
        self.connection: Any = None
        self.start()

    def give(self, job: _Job) -> None:
        """Wake it up with a job."""
        self.given.put(job)

    def run(self) -> None:
        self.connection = connections["default"]  # looked up here: each thread has its own
        while True:
            job = self.pool.next_for(self) or self._wait()
            with metrics.DATABASE_BUSY:
                self._do(job)
            del job  # or its result would stay until the next one comes

    def _wait(self) -> _Job:
        try:
            return self.given.get(timeout=self.pool.patience)
        except Empty:
            with contextlib.suppress(DatabaseError, InterfaceError):
                connections.close_all()
            return self.given.get()

    def _do(self, job: _Job) -> None:
        if not job.future.set_running_or_notify_cancel():
            return
        self.since = time.monotonic()
        metrics.database_wait(self.since - job.made)
        try:
            result = _on_sound_connections(job.call)
        except BaseException as error:  # noqa: BLE001 it belongs to the caller
            self.since = None
            job.future.set_exception(error)
        else:
            self.since = None
            job.future.set_result(result)

    def cut(self, *, before: float) -> None:
        """End the connection if the job under way began before that moment."""
        since, connection = self.since, self.connection.connection if self.connection else None
        if since is None or since >= before or connection is None or connection.closed:
            return
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


def _on_sound_connections(call: Callable[[], T]) -> T:
    for each in connections.all(initialized_only=True):
        if each.connection is not None and not each.in_atomic_block and _hung_up(each.connection):
            each.close()
    try:
        return call()
    finally:
        for each in connections.all(initialized_only=True):
            each.close_if_unusable_or_obsolete()


def _hung_up(connection: Any) -> bool:
    """An idle connection with something to read has been closed by the server. One poll, two microseconds."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))


def repeated(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that is one transaction, again after a conflict (PostgreSQL 13.5), three times at most."""
    for _ in range(TRANSACTION_ATTEMPTS - 1):
        try:
            return function(*args, **kwargs)
        except OperationalError as error:
            if (
                getattr(error.__cause__, "sqlstate", "") not in RETRIED_SQLSTATES
                or connection.in_atomic_block
            ):
                raise
    return function(*args, **kwargs)
