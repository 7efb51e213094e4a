"""Sessions that ended moments ago, read from PostgreSQL, which overrules the cache."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

from dashtam.bridge.doors import keep_running, run_db

READ_EVERY_SECONDS = 1.0


class EndedSessions:
    """Reads the ended sessions from PostgreSQL once a second at most, however many requests ask.

    A process that ends a session tells the cache at once. Should it not reach the cache just then, another
    process that does would go on trusting the session: for a second at most, thanks to this.
    """

    def __init__(self, *, load: Callable[[], frozenset[UUID]]) -> None:
        self.load = load
        self.ids: frozenset[UUID] = frozenset()
        self.good_until = 0.0
        self.reading: asyncio.Task[None] | None = None

    async def has(self, session_id: UUID) -> bool:
        """Return whether the session ended lately. Raises what the database raises: no request passes unchecked."""
        if time.monotonic() >= self.good_until:
            if self.reading is None or self.reading.done():
                self.reading = keep_running(self._read())
            await asyncio.shield(self.reading)
        return session_id in self.ids

    async def _read(self) -> None:
        started = time.monotonic()
        self.ids = await run_db(self.load)
        self.good_until = started + READ_EVERY_SECONDS
