"""Turns of strangers: a crowd without credentials may not take the event loop from the people who are signed in.

A cheap answer costs its crowd nothing to ask for again. While signed-in requests are being served, reads that show
no credential are therefore worked on one after the other, each followed by a pause as long as it took itself: so
strangers have at most about half of the loop, however many of them there are. A read whose credential turns out to
be worthless has its pause before its answer leaves. Without signed-in requests, and for requests that change
something (which have limits of their own), there is no waiting.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from django.conf import settings

from dashtam.bridge.per_loop import PerLoop

T = TypeVar("T")

READS = ("GET", "HEAD")
KNOWN_SECONDS = 1.0  # since the last signed-in request, as long as others make room
LONGEST_PAUSE, LONGEST_WAIT = 0.01, 5.0  # seconds
PROBES, PROBE_WAIT = ("/healthz", "/readyz"), 1.0  # a balancer takes a slower answer for none


class _Gate:
    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.known_at = float("-inf")


_gates = PerLoop(_Gate)


async def in_turn(request: Any, answer: Callable[[Any], Awaitable[T]]) -> T:
    """The answer to a request, when it is its turn."""
    gate, now = _gates.get(), asyncio.get_running_loop().time
    crowded = request.method in READS and now() - gate.known_at < KNOWN_SECONDS
    if crowded and not _shows_a_credential(request):
        async with _turn(gate, PROBE_WAIT if request.path in PROBES else LONGEST_WAIT):
            started = now()
            given = await answer(request)
            await asyncio.sleep(min(now() - started, LONGEST_PAUSE))
            return given
    started = now()
    given = await answer(request)
    if getattr(request, "principal", None) is not None:
        gate.known_at = now()
    elif crowded:
        async with _turn(gate, LONGEST_WAIT):
            await asyncio.sleep(min(now() - started, LONGEST_PAUSE))
    return given


@contextlib.asynccontextmanager
async def _turn(gate: _Gate, longest: float) -> AsyncIterator[None]:
    """Wait for the turn, but not for longer than these seconds."""
    mine = False
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(longest):
            mine = await gate.turn.acquire()
    try:
        yield
    finally:
        if mine:
            gate.turn.release()


def _shows_a_credential(request: Any) -> bool:
    meta = request.META
    return "HTTP_AUTHORIZATION" in meta or settings.SESSION_COOKIE_NAME in meta.get("HTTP_COOKIE", "")
