"""Sessions that ended moments ago, as PostgreSQL knows them: the last word over what the cache remembers."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

from dashtam.bridge.doors import keep_running, run_db

READ_EVERY_SECONDS = 1.0


class EndedSessions:
    """Read from PostgreSQL once a second at most, however many requests ask.

    Whoever ends a session tells the cache at once. But just then the cache may be out of their reach and
    within that of another process, which would go on believing it: for a second at most, thanks to this.
    """

    def __init__(self, *, load: Callable[[], frozenset[UUID]]) -> None:
        self.load = load
        self.ids: frozenset[UUID] = frozenset()
        self.good_until = 0.0
        self.reading: asyncio.Task[None] | None = None

    async def has(self, session_id: UUID) -> bool:
        """Whether it ended lately. Raises what the database raises: nobody is let in unchecked."""
        if time.monotonic() >= self.good_until:
            if self.reading is None or self.reading.done():
                self.reading = keep_running(self._read())
            await asyncio.shield(self.reading)
        return session_id in self.ids

    async def _read(self) -> None:
        started = time.monotonic()
        self.ids = await run_db(self.load)
        self.good_until = started + READ_EVERY_SECONDS
