"""The longest time for which the event loop did nothing else than one thing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

TICK_SECONDS = 0.002


class Lag:
    """`seconds` is the longest time by which a tick came late."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.due = 0.0

    def tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.perf_counter()
        if self.due:
            self.seconds = max(self.seconds, now - self.due)
        self.due = now + TICK_SECONDS
        self.timer = loop.call_later(TICK_SECONDS, self.tick, loop)


@asynccontextmanager
async def watched() -> AsyncIterator[Lag]:
    """`async with watched() as lag:` watches the loop meanwhile; `lag.seconds` is right when it has ended."""
    lag, loop = Lag(), asyncio.get_running_loop()
    lag.tick(loop)
    try:
        yield lag
    finally:
        lag.timer.cancel()
        lag.seconds = max(lag.seconds, time.perf_counter() - lag.due)
