"""Turns of strangers: a crowd that nobody knows may not take the event loop from the people who are signed in.

A cheap answer costs its crowd nothing to ask for again. While signed-in requests are being served, the answers to
reads without a principal are therefore let out one after the other, each after a pause as long as it took itself:
so strangers have at most about half of the loop, however many of them there are. Without signed-in requests, and
for requests that change something (which have limits of their own), there is no waiting.
"""

import asyncio
import contextlib
from typing import Any

from dashtam.bridge.per_loop import PerLoop

READS = ("GET", "HEAD")
KNOWN_SECONDS = 1.0  # since the last signed-in request, as long as others make room
LONGEST_PAUSE, LONGEST_WAIT = 0.01, 1.0  # seconds; a probe of a balancer must not be held up for longer


class _Gate:
    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.known_at = float("-inf")


_gates = PerLoop(_Gate)


def now() -> float:
    """The event loop's own clock, in seconds."""
    return asyncio.get_running_loop().time()


async def make_room(request: Any, started: float) -> None:
    """Hold the answer to a stranger's read until its turn; `started` is when the work for it began."""
    gate, moment = _gates.get(), now()
    if getattr(request, "principal", None) is not None:
        gate.known_at = moment
    elif request.method in READS and moment - gate.known_at < KNOWN_SECONDS:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT), gate.turn:
                await asyncio.sleep(min(moment - started, LONGEST_PAUSE))
