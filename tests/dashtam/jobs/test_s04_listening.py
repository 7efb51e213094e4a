"""Notifications of new jobs reach a worker, until its connection breaks."""

import asyncio
from typing import Any

import psycopg
import pytest
from django.db import connection as database
from procrastinate import App
from procrastinate.psycopg_connector import PsycopgConnector

from dashtam.bridge.doors import run_db
from dashtam.jobs.listening import listen_quietly, pass_on

pytestmark = pytest.mark.django_db
PATIENCE = 20


def _parameters() -> dict[str, Any]:
    known = database.get_connection_params()
    return {name: known[name] for name in ("dbname", "user", "password", "host", "port") if name in known}


async def test_s04_what_is_notified_is_passed_on_until_the_connection_breaks() -> None:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def hear(*, channel: str, payload: str) -> None:
        heard.put_nowait((channel, payload))

    wanted = await run_db(_parameters)
    connect = psycopg.AsyncConnection.connect
    async with (
        await connect(**wanted, autocommit=True) as ears,
        await connect(**wanted, autocommit=True) as mouth,
    ):
        await ears.execute("LISTEN w8")
        await mouth.execute("SELECT pg_notify('w8', 'before')")
        await ears.execute("SELECT 1")  # has arrived with the answer to this
        listening = asyncio.create_task(pass_on(ears, hear))
        async with asyncio.timeout(PATIENCE):
            assert await heard.get() == ("w8", "before")
            for number in ("1", "2"):
                await mouth.execute("SELECT pg_notify('w8', %s)", [number])
                assert await heard.get() == ("w8", number)
            await mouth.execute("SELECT pg_terminate_backend(%s)", [ears.info.backend_pid])
            await listening
    assert heard.empty()


async def test_s04_a_lane_of_a_worker_hears_of_new_jobs_so() -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(*, channel: str, notification: Any) -> None:
        heard.put_nowait(notification)

    wanted = await run_db(_parameters)
    async with App(connector=PsycopgConnector(kwargs=wanted, min_size=1, max_size=2)).open_async() as app:
        listen_quietly(app)
        listening = asyncio.create_task(
            app.job_manager.listen_for_jobs(on_notification=hear, queues=["mail"])
        )
        async with (
            asyncio.timeout(PATIENCE),
            await psycopg.AsyncConnection.connect(**wanted, autocommit=True) as mouth,
        ):
            while heard.empty():  # it may not listen yet
                told = ["procrastinate_queue_v1#mail", '{"type": "job_inserted", "job_id": 7}']
                await mouth.execute("SELECT pg_notify(%s, %s)", told)
        assert (await heard.get())["job_id"] == 7
        listening.cancel()
        await asyncio.wait({listening})
