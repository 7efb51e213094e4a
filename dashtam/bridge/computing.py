"""Processes for seconds of pure computation: each has one job at a time, with an end to its time and its memory.

A process that exceeds its bounds, or is not needed any more, is killed, and its memory returns to the machine. One
that has stayed small waits a while for the next job, because starting one takes about a fifth of a second.
"""

import asyncio
import atexit
import contextlib
import functools
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar, cast

from django.conf import settings

from dashtam.bridge.computing_process import IDLE_SECONDS, LENGTH, Ended, Failed, Job, Result, write
from dashtam.bridge.per_loop import PerLoop

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
KEPT_BYTES = 40 * 1024 * 1024  # an idle process may hold as much; a fresh one holds about 20 MB
LAST_CHANCE = 10.0  # seconds before it ends by itself, in which an idle process gets no job any more


class ComputationStopped(Exception):
    """The base: the process ended before its job did."""


class OutOfTime(ComputationStopped):
    """The job took more time, by the clock or of the processor, than its bounds allow."""


class OutOfMemory(ComputationStopped):
    """The job wanted more memory than its bounds allow."""


class ProcessLost(ComputationStopped):
    """The process was killed by another party, or its caller no longer waits. The job may be done again."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds on one job: seconds from one result to the next and of the processor in all, and bytes of memory."""

    seconds: float
    cpu_seconds: int
    memory: int


class Computation:
    """A job under way in its own process. Results are read one after the other, on any thread."""

    def __init__(self, process: "subprocess.Popen[bytes]", seconds: float) -> None:
        self.process = process
        self.seconds = seconds
        self.ended: Ended | None = None
        self.reading = threading.Lock()

    async def next(self) -> Any:
        """The next result. Raises what the job raised, ComputationStopped, or StopAsyncIteration after the last."""
        try:
            return await _aside(self._next)
        except _NoMore:
            raise StopAsyncIteration from None

    def rest(self) -> Iterator[Any]:
        """The results that are left, for a thread that may wait."""
        with contextlib.suppress(_NoMore):
            while True:
                yield self._next()

    def close(self) -> None:
        """Kill the process, close its pipes when no thread reads them any more, and let the kernel forget it."""
        self.process.kill()
        with self.reading:
            _forget(self.process)

    def _next(self) -> Any:
        with self.reading:
            message = self._read()
            if isinstance(message, Result):
                return message.item
            if isinstance(message, Failed):
                self.ended = self._read()
                raise message.error
        self.ended = message
        raise OutOfMemory if message.out_of_memory else _NoMore

    def _read(self) -> Any:
        until = time.monotonic() + self.seconds
        (size,) = LENGTH.unpack(self._bytes(LENGTH.size, until))
        return pickle.loads(self._bytes(size, until))  # noqa: S301 from our own child

    def _bytes(self, size: int, until: float) -> bytes:
        stream = cast("IO[bytes]", self.process.stdout)
        if stream.closed:
            raise ProcessLost
        parts, poll = [], select.poll()
        poll.register(stream, select.POLLIN | select.POLLHUP)
        while size:
            left = until - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                self.process.kill()
                raise OutOfTime
            part = os.read(stream.fileno(), min(size, 1 << 20))
            if not part:
                raise _cause(self.process)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


class _NoMore(Exception):
    pass


def _cause(process: "subprocess.Popen[bytes]") -> ComputationStopped:
    try:
        status = process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        return ProcessLost()
    return OutOfTime() if status == -signal.SIGXCPU else ProcessLost()


class Place:
    """One of the places to compute at, for one job."""

    def __init__(self) -> None:
        self.computation: Computation | None = None

    async def start(self, function: Callable[..., None], /, *args: object, bounds: Bounds) -> Computation:
        """Call the function with `emit` and the arguments in a process; what it emits are the results.

        Function, arguments and results are pickled.
        """
        job = Job(function.__module__, function.__qualname__, args, bounds.cpu_seconds, bounds.memory)
        self.computation = Computation(await _aside(_process), bounds.seconds)
        await _aside(_send, self.computation, job)
        return self.computation

    def leave(self) -> None:
        """Keep the process for the next job if it has ended this one and is small, else kill it."""
        if self.computation is None:
            return
        process, ended = self.computation.process, self.computation.ended
        if ended and ended.memory < KEPT_BYTES and not ended.out_of_memory and not _idle:
            _idle.append((process, time.monotonic()))
        else:
            process.kill()
            _threads().submit(self.computation.close)


_running: set["subprocess.Popen[bytes]"] = set()
_idle: list[tuple["subprocess.Popen[bytes]", float]] = []
_places: PerLoop[asyncio.Semaphore] = PerLoop(lambda: asyncio.Semaphore(settings.COMPUTING_PROCESSES))


@asynccontextmanager
async def place_to_compute() -> AsyncIterator[Place]:
    """Wait for one of the settings.COMPUTING_PROCESSES places; on leaving, a job that has not ended is killed."""
    async with _places.get():
        place = Place()
        try:
            yield place
        finally:
            place.leave()


def all_places_taken() -> bool:
    """True while `place_to_compute` would wait."""
    return _places.get().locked()


@functools.cache
def _threads() -> ThreadPoolExecutor:
    # A process dies with the thread that started it (PR_SET_PDEATHSIG): these threads stay until we end.
    return ThreadPoolExecutor(2 * settings.COMPUTING_PROCESSES, "computing")


async def _aside(function: Callable[..., T], /, *args: object) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads(), function, *args)


def _process() -> "subprocess.Popen[bytes]":
    while _idle:
        process, since = _idle.pop()
        if process.poll() is None and time.monotonic() - since < IDLE_SECONDS - LAST_CHANCE:
            return process
        _forget(process)
    process = subprocess.Popen(
        [sys.executable, "-c", "from dashtam.bridge import computing_process; computing_process.main()"],
        cwd=ROOT,
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    _running.add(process)
    return process


def _send(computation: Computation, job: Job) -> None:
    try:
        write(cast("Any", computation.process.stdin), job)
    except BrokenPipeError:
        raise _cause(computation.process) from None


def _forget(process: "subprocess.Popen[bytes]") -> None:
    _running.discard(process)
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
    process.wait()


@atexit.register
def end_all() -> None:
    """Kill all of them. Servers end by a signal, which passes Python's own clean-up by."""
    _idle.clear()
    for process in [*_running]:
        process.kill()
        process.wait()
    _running.clear()
