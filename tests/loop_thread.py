"""An event loop on a thread of its own, where the servers that tests invent can live."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Carries coroutines out until it is closed; whatever is still under way then is cancelled and awaited."""

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._until_closed()), daemon=True)
        self._thread.start()
        self._begun.wait()

    def do(self, work: Coroutine[Any, Any, T], *, seconds: float = 30) -> T:
        """The result of the work, which this thread waits for."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def close(self) -> None:
        """End it, once."""
        self.loop.call_soon_threadsafe(self._closed.set)
        self._thread.join()

    async def _until_closed(self) -> None:
        self.loop, self._closed = asyncio.get_running_loop(), asyncio.Event()
        self.loop.set_exception_handler(_tell)
        self._begun.set()
        await self._closed.wait()


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # Before Python 3.12, the streams of asyncio take it for an error that one of their servers was cancelled.
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)
