"""A person who reads their accounts while something breaks, and the answers they get."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

READ_EVERY_SECONDS = 0.05
CUT_OFF = (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError)


@dataclass
class Seen:
    """Answers to a person who read their accounts over and over."""

    answers: Counter[int] = field(default_factory=Counter)
    worst: float = 0.0
    unexplained: list[str] = field(default_factory=list)

    def note(self, response: httpx.Response, seconds: float) -> None:
        """One answer."""
        self.answers[response.status_code] += 1
        self.worst = max(self.worst, seconds)
        if response.status_code == 503 and not is_problem(response):
            self.unexplained.append("503 that is no problem document with Retry-After")
        if response.status_code not in {200, 503}:
            self.unexplained.append(f"{response.status_code} {response.text[:200]}")


def is_problem(response: httpx.Response) -> bool:
    """An answer that says in our own form (RFC 9457) that one should ask again, and when."""
    kind = response.headers.get("Content-Type", "")
    return kind.startswith("application/problem+json") and "Retry-After" in response.headers


@contextmanager
def reading(api: httpx.Client) -> Iterator[Seen]:
    """Read in a thread of its own until the block ends."""
    seen, stop = Seen(), threading.Event()

    def read() -> None:
        while not stop.wait(READ_EVERY_SECONDS):
            started = time.monotonic()
            try:
                seen.note(api.get("accounts"), time.monotonic() - started)
            except httpx.TransportError as error:
                seen.answers[0] += 1
                seen.worst = max(seen.worst, time.monotonic() - started)
                if not isinstance(error, CUT_OFF):
                    seen.unexplained.append(type(error).__name__)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield seen
    finally:
        stop.set()
        reader.join()
