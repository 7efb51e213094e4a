"""The hashing pool: threads for bcrypt, and a bounded queue in front of them."""

import asyncio
import functools
import math
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.contrib.auth.hashers import get_hasher

from dashtam.errors import ServiceBusy
from dashtam.telemetry import metrics

P = ParamSpec("P")
T = TypeVar("T")


class HashingPool:
    """Threads for password hashes alone, and a bounded queue in front of them.

    Twelve rounds of bcrypt take about 0.3 s of a core. More threads than cores gain no speed, and an unbounded
    queue makes callers wait for hashes whose own caller has gone. The bound is a time: at most `wait` seconds, at
    the pace of the latest hashes. Strangers (no session, mailed token or known device) leave the last quarter of it
    to the others, so that a flood of sign-ins does not keep a person from setting a new password.
    """

    def __init__(self, *, threads: int, wait: float) -> None:
        self.size = threads
        self.wait = wait
        self.held = 0
        self.seconds = 0.3  # until we know better
        self.timings = 0
        self.threads = ThreadPoolExecutor(threads, "hashing", initializer=_yield_to_the_loop)

    def start(self) -> None:
        """Start the threads before the first request, and measure how long a hash takes here."""
        for _ in range(self.size):
            self.threads.submit(self.timed, _hash_something)

    def wait_for_place(self, *, stranger: bool) -> int:
        """Whole seconds after which to ask again for a place in the queue; 0 if there is one now."""
        queue = self.held * self.seconds / self.size
        if self.held < self.size or queue <= self.wait * (0.75 if stranger else 1):
            return 0
        # As long as those who wait now will take. Apart, so that not all come back at once.
        return math.ceil(min(queue, self.wait)) + secrets.randbelow(2)

    def check(self, *, stranger: bool) -> None:
        """Raises ServiceBusy when the queue is full."""
        wait = self.wait_for_place(stranger=stranger)
        if wait:
            metrics.hash_refused()
            raise ServiceBusy(retry_after=wait)

    @contextmanager
    def place(self, *, stranger: bool) -> Iterator["HashingPlace"]:
        """A place in the queue, taken before any other work. Raises ServiceBusy when the queue is full."""
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
            self.timings += 1  # the mean of the first five hashes, later a moving average
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
        """Give the place up now, or when a running hash ends: a hash cannot be stopped."""
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
        thread = threading.get_native_id()
        # A process that was started with more niceness may not take any of it back.
        os.setpriority(os.PRIO_PROCESS, thread, max(10, os.getpriority(os.PRIO_PROCESS, thread)))


@functools.cache
def hashing_pool() -> HashingPool:
    return HashingPool(threads=settings.HASH_THREADS or os.cpu_count() or 2, wait=settings.HASH_WAIT_SECONDS)


def place_to_hash(*, stranger: bool) -> AbstractContextManager[HashingPlace]:
    """A place on the hashing pool, `with … as place:`, on which to `await place.run(…)`. Raises ServiceBusy.

    It is taken before the rate limits and the database are asked: a request that is turned away costs neither.
    """
    return hashing_pool().place(stranger=stranger)


def check_crowd() -> None:
    """Raises ServiceBusy when a stranger would get no place."""
    hashing_pool().check(stranger=True)
