"""A worker's lane: periodic tasks by the database's clock, which all workers share, and one heartbeat for all lanes."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, cast

from procrastinate import App
from procrastinate.job_context import JobContext
from procrastinate.periodic import PeriodicDeferrer, TaskAtTime
from procrastinate.worker import Worker

from dashtam.jobs.together import Together

logger = logging.getLogger(__name__)

SCHEDULE = "schedule"  # the queue of all periodic tasks
BEAT_SECONDS = 10.0
BEAT = "SELECT procrastinate_update_heartbeat_v1(id) FROM unnest(%(ids)s::bigint[]) AS id"


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


class Heart:
    """The sign of life of all lanes of a worker: one statement, and one write to the disk, every ten seconds."""

    def __init__(self, app: App, *, every: float = BEAT_SECONDS) -> None:
        self.app = app
        self.every = every
        self.beating: Together[int] = Together(self._beat)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            await self.app.job_manager.connector.execute_query_async(BEAT, ids=[*self.beating.members])


class DatabaseClockWorker(Worker):
    """procrastinate's worker with our deferrer, in the lane alone that works on the schedule.

    Six lanes would queue each task six times a minute, five times in vain.
    """

    def __init__(self, app: App, *, heart: Heart | None = None, **options: Any) -> None:
        super().__init__(app, **options)
        self.heart = heart or Heart(app)

    async def _update_heartbeat(self) -> None:
        await self.heart.beating.join(cast("int", self.worker_id))  # registered before its side tasks begin

    @property
    def queues_what_is_due(self) -> bool:
        """True in the lane of the schedule, and in a worker of all queues."""
        return not self.queues or SCHEDULE in self.queues

    async def _process_job(self, context: JobContext) -> None:
        """Look for another job as soon as one with a lock has ended.

        Those with the same lock were passed over. procrastinate's own worker, once it has found none that is free,
        looks again when a new one is queued, or after five seconds.
        """
        await super()._process_job(context)
        if context.job.lock:
            self._new_job_event.set()

    async def _periodic_deferrer(self) -> None:
        if self.queues_what_is_due:
            await DatabaseClockDeferrer(self.app).worker()
        await asyncio.Event().wait()  # the worker watches its side tasks only until the first of them ends
