"""What Dashtam measures of itself: the instruments, and one function for each thing that happens.

Each call takes microseconds and never waits. No label is anything that somebody outside has typed: routes are
patterns, and all other labels are words of our own code.
"""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Iterable
from threading import Lock
from typing import ParamSpec, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, values

from dashtam.errors import DashtamError
from dashtam.telemetry.metric_files import Value
from dashtam.telemetry.sums import Span

P = ParamSpec("P")
T = TypeVar("T")


class HasStatus(Protocol):
    """An answer to an HTTP request."""

    status_code: int


Answer = TypeVar("Answer", bound=HasStatus)

values.ValueClass = Value  # as the library's guide says, before the first instrument

LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 2, 4, 8, 20)
SHORT = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
PROBES = {"/healthz", "/readyz", "/metrics"}

registry = CollectorRegistry()
# What only the database knows, asked when somebody asks us: each app adds a function of its own.
stocks: list[Callable[[], Iterable[Metric]]] = []
span = Span()


def _counter(name: str, words: str, *labels: str) -> Counter:
    return Counter(f"dashtam_{name}", words, labels, registry=registry)


def _histogram(name: str, words: str, *labels: str, buckets: tuple[float, ...] = LATENCY) -> Histogram:
    return Histogram(f"dashtam_{name}", words, labels, registry=registry, buckets=buckets)


class Level:
    """How many there are of something right now, in this process; its peaks are remembered."""

    def __init__(self, name: str, words: str) -> None:
        self.name = name
        self.gauge = Gauge(f"dashtam_{name}", words, registry=registry, multiprocess_mode="livesum")
        self.now = 0
        self.lock = Lock()

    def change(self, by: int) -> None:
        """One more, or one less."""
        with self.lock:
            self.now += by
            self.gauge.set(self.now)
        span.peak(self.name, self.now)

    def __enter__(self) -> None:
        """One more while the block runs."""
        self.change(1)

    def __exit__(self, *_: object) -> None:
        self.change(-1)


REQUESTS = _histogram(
    "request_seconds", "Requests by route, method and class of status.", "route", "method", "status"
)
LOOP_LAG = _histogram("loop_lag_seconds", "How much later than asked the event loop went on.", buckets=SHORT)
CPU = _counter("cpu_seconds", "CPU time of threads that hash passwords, and of everything else.", "part")
HASH_WAIT = _histogram("hash_wait_seconds", "Waiting for a thread that hashes.")
HASH_TIME = _histogram("hash_seconds", "One password hash.")
HASH_REFUSED = _counter("hash_refused", "Turned away because too many waited to have a password hashed.")
HASHES_WAITING = Level("hashes_waiting", "Hashes that wait for a thread or run.")
SIGN_INS = _histogram("sign_in_seconds", "Sign-ins by how they ended.", "outcome")
SIGNING_IN = Level("signing_in", "People who are signing in.")
DATABASE_WAIT = _histogram("database_wait_seconds", "Waiting for a database thread.", buckets=SHORT)
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
    if route not in PROBES:
        span.observe("requests", seconds)
        span.add(f"status_{status // 100}xx")
        if route not in ("/api/v1/auth/tokens", "/sign-in"):
            span.observe("other_requests", seconds)


def loop_lag(seconds: float) -> None:
    """The event loop was this late."""
    LOOP_LAG.observe(seconds)
    span.observe("loop_lag", seconds)


def cpu(part: str, seconds: float) -> None:
    """CPU time was used: `hashing` or `rest`."""
    CPU.labels(part).inc(seconds)
    span.add(f"cpu_{part}", seconds)


def hash_refused() -> None:
    """Somebody found too many waiting."""
    HASH_REFUSED.inc()
    span.add("hash_refused")


def hashing(function: Callable[P, T]) -> Callable[P, T]:
    """The function, made now and called on a hashing thread: its wait, its time and its CPU time are counted."""
    asked = time.perf_counter()

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        began, used = time.perf_counter(), time.thread_time()
        try:
            return function(*args, **kwargs)
        finally:
            took = time.perf_counter() - began
            HASH_WAIT.observe(began - asked)
            HASH_TIME.observe(took)
            span.observe("hash_wait", began - asked)
            span.add("hash_busy", took)
            cpu("hashing", time.thread_time() - used)

    return run


def signing_in(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Counts a coroutine function that signs somebody in."""

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
                _signed_in(outcome, time.perf_counter() - began)

    return counted


def _signed_in(outcome: str, seconds: float) -> None:
    SIGN_INS.labels(outcome).observe(seconds)
    span.add(f"sign_in_{outcome}")
    if outcome == "accepted":
        span.observe("sign_ins", seconds)


def database_wait(seconds: float) -> None:
    """A database thread was had after this long."""
    DATABASE_WAIT.observe(seconds)
    span.observe("database_wait", seconds)


def database_refused() -> None:
    """Somebody gave up on a database thread."""
    DATABASE_REFUSED.inc()
    span.add("database_refused")


async def provider_call(provider: str, call: Awaitable[Answer]) -> Answer:
    """Await a call to an institution and count how it ended: by class of status, or by the kind of error."""
    began, outcome = time.perf_counter(), "failed"
    try:
        response = await call
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
        span.add("provider_ok" if outcome in ("2xx", "3xx") else "provider_failed")
        span.observe("provider_calls", time.perf_counter() - began)


def refresh(outcome: str) -> None:
    """An institution's token was refreshed, joined, refused, lost, …."""
    REFRESHES.labels(outcome).inc()
    span.add(f"refresh_{outcome}")


def sync(outcome: str) -> None:
    """A sync run ended."""
    SYNCS.labels(outcome).inc()
    span.add(f"sync_{outcome}")


def mail(outcome: str) -> None:
    """A mail was sent, delayed or failed."""
    MAILS.labels(outcome).inc()
    span.add(f"mail_{outcome}")


def limited(names: Iterable[str]) -> None:
    """Somebody came too often."""
    LIMITED.labels("+".join(names)).inc()
    span.add("limited")


def task(name: str, outcome: str, seconds: float) -> None:
    """A background task ended."""
    TASKS.labels(name, outcome).observe(seconds)
    span.add(f"task_{outcome}")
