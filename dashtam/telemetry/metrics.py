"""Prometheus metrics: their declarations, and one function for each event that is measured.

Each call takes microseconds and never waits. No label is text that a client has typed: routes are patterns, and
all other labels are words of our own code. `/metrics` prints these numbers, and the samples of the operations
page are differences of them (`readings.py`).
"""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Iterable
from threading import Lock
from typing import ParamSpec, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, values

from dashtam.errors import DashtamError
from dashtam.telemetry import traces
from dashtam.telemetry.metric_files import Value
from dashtam.telemetry.sums import BOUNDS

P = ParamSpec("P")
T = TypeVar("T")


class HasStatus(Protocol):
    """An answer to an HTTP request."""

    status_code: int


Answer = TypeVar("Answer", bound=HasStatus)

values.ValueClass = Value  # the library asks for this before the first metric is declared

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

registry = CollectorRegistry()
# Numbers that are queried from the database at each scrape: each app adds a function of its own.
gauges: list[Callable[[], Iterable[Metric]]] = []


def _counter(name: str, words: str, *labels: str) -> Counter:
    return Counter(f"dashtam_{name}", words, labels, registry=registry)


def _histogram(name: str, words: str, *labels: str) -> Histogram:
    return Histogram(f"dashtam_{name}", words, labels, registry=registry, buckets=BOUNDS)


class Level:
    """A gauge of how many there are right now in this process, which also remembers its peak."""

    def __init__(self, name: str, words: str) -> None:
        self.gauge = Gauge(f"dashtam_{name}", words, registry=registry, multiprocess_mode="livesum")
        self.now = self.peak = 0
        self.lock = Lock()

    def change(self, by: int) -> None:
        """Add `by`, which is negative when something has ended."""
        with self.lock:
            self.now += by
            self.peak = max(self.peak, self.now)
            self.gauge.set(self.now)

    def take_peak(self) -> int:
        """The highest value since the last call; the next peak begins at the present value."""
        with self.lock:
            peak, self.peak = self.peak, self.now
        return peak

    def __enter__(self) -> None:
        """One more while the block runs."""
        self.change(1)

    def __exit__(self, *_: object) -> None:
        self.change(-1)


REQUESTS = _histogram(
    "request_seconds", "Requests by route, method and class of status.", "route", "method", "status"
)
LOOP_LAG = _histogram("loop_lag_seconds", "How much later than asked the event loop went on.")
CPU = _counter("cpu_seconds", "CPU time of threads that hash passwords, and of everything else.", "part")
HASH_WAIT = _histogram("hash_wait_seconds", "Waiting for a thread that hashes.")
HASH_TIME = _histogram("hash_seconds", "One password hash.")
HASH_REFUSED = _counter("hash_refused", "Turned away because too many waited to have a password hashed.")
HASHES_WAITING = Level("hashes_waiting", "Hashes that wait for a thread or run.")
SIGN_INS = _histogram("sign_in_seconds", "Sign-ins by how they ended.", "outcome")
SIGNING_IN = Level("signing_in", "People who are signing in.")
DATABASE_WAIT = _histogram("database_wait_seconds", "Waiting for a database thread.")
DATABASE_REFUSED = _counter(
    "database_refused", "Refused because too many waited, or for too long, for a database thread."
)
DATABASE_BUSY = Level("database_threads_busy", "Database threads at work.")
PROVIDER_CALLS = _histogram("provider_call_seconds", "Calls to institutions.", "provider", "outcome")
REFRESHES = _counter("token_refreshes", "Refreshes of institutions' tokens by outcome.", "outcome")
SYNCS = _counter("syncs", "Sync runs that ended.", "outcome")
MAILS = _counter("mails", "Attempts to send a mail by outcome.", "outcome")
SOCKETS = Level("websockets_open", "Open WebSockets.")
LIMITED = _counter("limit_refusals", "Refusals by the limit that was reached.", "limit")
TASKS = _histogram("task_seconds", "Background tasks.", "task", "outcome")

_SIGN_IN_OUTCOMES: dict[int | str, str] = {
    "otp_required": "half_way",
    401: "refused",
    429: "limited",
    503: "turned_away",
}


def request(route: str, method: str, status: int, seconds: float) -> None:
    """A request was answered."""
    known = method if method in METHODS else "other"
    REQUESTS.labels(route, known, f"{status // 100}xx").observe(seconds)


def loop_lag(seconds: float) -> None:
    """The event loop ran a timer this late."""
    LOOP_LAG.observe(seconds)


def cpu_used(seconds: float) -> None:
    """The CPU time of this process so far; time that hashing threads have not counted is the `rest`."""
    counted = sum(
        sample.value
        for metric in CPU.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    )
    CPU.labels("rest").inc(max(0.0, seconds - counted))


def hash_refused() -> None:
    """A hash was refused because too many were waiting."""
    HASH_REFUSED.inc()


def hashing(function: Callable[P, T]) -> Callable[P, T]:
    """Wrap a function for a hashing thread: its wait from now on, its time and its CPU time are measured."""
    asked = time.perf_counter()

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        began, used = time.perf_counter(), time.thread_time()
        try:
            return function(*args, **kwargs)
        finally:
            took = time.perf_counter() - began
            HASH_WAIT.observe(began - asked)
            HASH_TIME.observe(took)
            CPU.labels("hashing").inc(time.thread_time() - used)

    return run


def signing_in(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Measure a coroutine function that signs a person in."""

    @functools.wraps(function)
    async def counted(*args: P.args, **kwargs: P.kwargs) -> T:
        began, outcome = time.perf_counter(), "failed"
        with SIGNING_IN:
            try:
                result = await function(*args, **kwargs)
                outcome = "accepted"
                return result
            except DashtamError as error:
                outcome = _SIGN_IN_OUTCOMES.get(error.code) or _SIGN_IN_OUTCOMES.get(error.status, "failed")
                raise
            except asyncio.CancelledError:
                outcome = "abandoned"
                raise
            finally:
                SIGN_INS.labels(outcome).observe(time.perf_counter() - began)

    return counted


def database_wait(seconds: float) -> None:
    """A job got a database thread after this long."""
    DATABASE_WAIT.observe(seconds)


def database_refused() -> None:
    """A job was refused because no database thread came free in time."""
    DATABASE_REFUSED.inc()


async def provider_call(provider: str, call: Awaitable[Answer]) -> Answer:
    """Await a call to an institution and measure it by class of status, or by type of error."""
    began, outcome = time.perf_counter(), "failed"
    try:
        with traces.span("call", "client", dashtam__provider=provider) as span:
            response = await call
            span.note({"http.response.status_code": response.status_code})
        outcome = f"{response.status_code // 100}xx"
        return response
    except DashtamError as error:
        outcome = type(error).__name__
        raise
    except asyncio.CancelledError:
        outcome = "abandoned"
        raise
    finally:
        PROVIDER_CALLS.labels(provider, outcome).observe(time.perf_counter() - began)


def refresh(outcome: str) -> None:
    """A refresh of an institution's token ended: refreshed, joined, refused, lost, …."""
    REFRESHES.labels(outcome).inc()


def sync(outcome: str) -> None:
    """A sync run ended."""
    SYNCS.labels(outcome).inc()


def mail(outcome: str) -> None:
    """A mail was sent, delayed or failed."""
    MAILS.labels(outcome).inc()


def limited(names: Iterable[str]) -> None:
    """A request was refused by these limits."""
    LIMITED.labels("+".join(names)).inc()


def task(name: str, outcome: str, seconds: float) -> None:
    """A background task ended."""
    TASKS.labels(name, outcome).observe(seconds)
