"""Jobs that share a lock follow each other at once."""

import asyncio
from typing import Any

from procrastinate import App
from procrastinate.testing import InMemoryConnector

from dashtam.jobs.periodic import DatabaseClockWorker


class Watched(InMemoryConnector):
    """Notes that a worker has looked for a job and found none that is free."""

    def __init__(self) -> None:
        super().__init__()
        self.found_none = asyncio.Event()

    async def fetch_job_one(self, *arguments: Any, **named: Any) -> Any:
        found = await super().fetch_job_one(*arguments, **named)
        if found["id"] is None:
            self.found_none.set()
        return found


async def test_t03_a_job_that_waited_for_a_lock_begins_when_it_is_free() -> None:
    connector = Watched()
    order: list[int] = []
    app = App(connector=connector)
    worker = DatabaseClockWorker(app, queues=["sync"], concurrency=2, fetch_job_polling_interval=3600)

    @app.task(name="work", queue="sync", lock="of one bank")
    async def work(number: int) -> None:
        await connector.found_none.wait()
        order.append(number)
        if number == 2:
            worker.stop()  # type: ignore[no-untyped-call]

    await work.defer_async(number=1)
    await work.defer_async(number=2)
    worker.listen_notify = worker.install_signal_handlers = False
    async with asyncio.timeout(20):
        await worker.run()  # type: ignore[no-untyped-call]
    assert order == [1, 2]
