"""Periodic tasks by the database's clock, which all workers share and which no machine's clock can disturb."""

import logging
from collections.abc import Iterable

from procrastinate import App
from procrastinate.periodic import PeriodicDeferrer, TaskAtTime
from procrastinate.worker import Worker

logger = logging.getLogger(__name__)


class DatabaseClockDeferrer(PeriodicDeferrer):
    """procrastinate's own remembers the last minute that it has queued, by the clock of its machine.

    After that clock was ahead and set back, it would queue no task until the minute came again.
    """

    def __init__(self, app: App) -> None:
        super().__init__(registry=app.periodic_registry, **app.periodic_defaults)
        self.app = app

    async def worker(self) -> None:
        """Queue what is due, for ever."""
        while True:
            now = await self._now()
            await self.defer_jobs(jobs_to_defer=self.get_previous_tasks(at=now))
            await self.wait(next_tick=self.get_next_tick(at=now))

    def get_previous_tasks(self, at: float) -> Iterable[TaskAtTime]:
        """The tasks that are due at that moment, in seconds since 1970; minutes that lie ahead of it are forgotten."""
        self.last_defers = {key: last for key, last in self.last_defers.items() if last <= at}
        return super().get_previous_tasks(at=at)

    async def _now(self) -> float:
        query = "SELECT extract(epoch FROM clock_timestamp())::float8 AS now"
        row = await self.app.job_manager.connector.execute_query_one_async(query)
        return float(row["now"])


class DatabaseClockWorker(Worker):
    """procrastinate's worker with our deferrer."""

    async def _periodic_deferrer(self) -> None:
        await DatabaseClockDeferrer(self.app).worker()
