"""Notifications of new jobs reach the lanes of a worker, over one connection that is replaced when it breaks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection as database
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.psycopg_connector import PsycopgConnector

from dashtam.bridge.doors import run_db
from dashtam.jobs.lanes import lanes
from dashtam.jobs.listening import listen_quietly
from dashtam.jobs.periodic import Heart
from dashtam.jobs.together import Together

pytestmark = pytest.mark.django_db
PATIENCE = 20
LISTENING = "SELECT pid FROM pg_stat_activity WHERE application_name = 'ears' AND query LIKE 'LISTEN%'"


def _parameters() -> dict[str, Any]:
    known = database.get_connection_params()
    return {name: known[name] for name in ("dbname", "user", "password", "host", "port") if name in known}


class Place:
    """A worker's app that listens quietly, what its lanes have heard, and a connection beside it."""

    def __init__(self, app: App, mouth: "psycopg.AsyncConnection[Any]") -> None:
        self.app, self.mouth = app, mouth
        self.heard: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        self.tasks: list[asyncio.Task[None]] = []

    def lane(self, name: str, *queues: str) -> None:
        async def hear(*, channel: str, notification: Any) -> None:
            self.heard.put_nowait((name, notification["job_id"]))

        listening = self.app.job_manager.listen_for_jobs(on_notification=hear, queues=queues)
        self.tasks.append(asyncio.create_task(listening))

    async def tell(self, queue: str, number: int) -> None:
        told = [f"procrastinate_queue_v1#{queue}", f'{{"type": "job_inserted", "job_id": {number}}}']
        await self.mouth.execute("SELECT pg_notify(%s, %s)", told)

    async def tell_until_heard(self, queue: str, number: int) -> tuple[str, int]:
        """Tell again and again: the lane may not listen yet."""
        while self.heard.empty():
            await self.tell(queue, number)
        return await self.heard.get()

    async def ears(self) -> list[int]:
        """The server's processes for connections that listen."""
        return [row[0] for row in await (await self.mouth.execute(LISTENING)).fetchall()]


@asynccontextmanager
async def a_place(**options: float) -> AsyncIterator[Place]:
    wanted = await run_db(_parameters)
    named = {**wanted, "application_name": "ears"}
    connector = PsycopgConnector(kwargs=named, min_size=1, max_size=2)
    async with (
        asyncio.timeout(PATIENCE),
        App(connector=connector).open_async() as app,
        await psycopg.AsyncConnection.connect(**wanted, autocommit=True) as mouth,
    ):
        listen_quietly(app, **options)
        place = Place(app, mouth)
        try:
            yield place
        finally:
            for task in place.tasks:
                task.cancel()
            await asyncio.gather(*place.tasks, return_exceptions=True)


async def test_s04_what_is_notified_is_passed_on_also_after_the_connection_has_broken() -> None:
    async with a_place() as place:
        place.lane("mail", "mail")
        assert await place.tell_until_heard("mail", 1) == ("mail", 1)
        (first,) = await place.ears()
        await place.mouth.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
        while await place.tell_until_heard("mail", 2) != ("mail", 2):
            pass
        assert first not in await place.ears()


async def test_s04_a_lane_of_a_worker_hears_of_its_own_new_jobs_alone() -> None:
    async with a_place() as place:
        place.lane("files", "imports", "exports")
        assert await place.tell_until_heard("exports", 7) == ("files", 7)
        place.lane("mail", "mail")  # while the connection waits
        while (heard := await place.tell_until_heard("mail", 8)) == ("files", 7):
            pass
        assert heard == ("mail", 8)


async def test_t15_all_lanes_listen_over_one_connection() -> None:
    async with a_place() as place:
        for lane in lanes():
            place.lane(lane.name, *lane.queues)
        for number, lane in enumerate(lanes()):
            while await place.tell_until_heard(lane.queues[-1], number) != (lane.name, number):
                pass
        assert len(await place.ears()) == 1
        place.tasks[0].cancel()
        await asyncio.wait({place.tasks[0]})
        last = lanes()[-1]
        while await place.tell_until_heard(last.queues[0], 99) != (last.name, 99):
            pass
        assert len(await place.ears()) == 1, "a lane that ends leaves the connection to the others"


async def test_t15_a_lane_hears_of_a_job_whose_time_has_come() -> None:
    async with a_place(look_every=0.05) as place:
        place.lane("mail", "mail")
        place.lane("files", "imports")
        await place.tell_until_heard("mail", 1)
        queued = (
            "INSERT INTO procrastinate_jobs (task_name, queue_name, scheduled_at) VALUES ('t15', 'mail', %s)"
        )
        await place.mouth.execute(queued, [datetime.now(UTC) + timedelta(seconds=0.2)])
        try:
            while await place.heard.get() != ("mail", 0):
                pass  # what was told before, and that it was queued
        finally:
            await place.mouth.execute("DELETE FROM procrastinate_jobs WHERE task_name = 't15'")


SILENT = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour' WHERE id = ANY(%s)"
ALIVE = (
    "SELECT id FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute' AND id = ANY(%s)"
)


async def test_t15_one_heart_beats_for_all_lanes_that_live() -> None:
    async with a_place() as place:
        workers = [await place.app.job_manager.register_worker() for _ in range(3)]
        heart = Heart(place.app, every=0.02)
        place.tasks = [asyncio.create_task(heart.beating.join(each)) for each in workers]

        async def alive() -> set[int]:
            return {row[0] for row in await (await place.mouth.execute(ALIVE, [workers])).fetchall()}

        for living in (workers, workers[1:]):
            await place.mouth.execute(SILENT, [workers])
            while await alive() != set(living):
                pass
            place.tasks[0].cancel()
            await asyncio.wait({place.tasks[0]})
        for each in workers:
            await place.app.job_manager.unregister_worker(each)


async def test_t15_work_done_together_fails_for_all_and_begins_anew() -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        await asyncio.sleep(0)
        raise ConnectorException

    together: Together[str] = Together(work)
    for times in (1, 2):
        outcomes = await asyncio.gather(*map(together.join, "abc"), return_exceptions=True)
        assert [type(each) for each in outcomes] == 3 * [ConnectorException]
        assert (begun, together.members) == (times, [])
