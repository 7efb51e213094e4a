"""Notifications of new jobs, without a look every tenth of a second.

psycopg's `notifies` wakes up ten times a second to see whether it should stop. With a connection for each of six lanes
that was two thirds of what an idle worker cost.
"""

import asyncio
from typing import Any

import psycopg
from procrastinate import App
from procrastinate.connector import Notify

CHECK_SECONDS = 30.0  # a connection that has broken silently is found out this late


def listen_quietly(app: App) -> None:
    """Have all workers of this app listen so. procrastinate has no setting for it, and makes its connector itself."""

    async def loop_notify(on_notification: Notify, connection: Any, **_: Any) -> None:
        await pass_on(connection, on_notification)

    app.connector._loop_notify = loop_notify  # type: ignore[attr-defined]  # noqa: SLF001


async def pass_on(connection: "psycopg.AsyncConnection[Any]", notify: Notify) -> None:
    """Call `notify` for each notification, until the connection breaks."""
    try:
        while True:
            async for each in connection.notifies(timeout=0):
                await notify(channel=each.channel, payload=each.payload)
            if not await _readable(connection.fileno(), CHECK_SECONDS):
                await connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return


async def _readable(descriptor: int, seconds: float) -> bool:
    """Wait until there is something to read; False after so many seconds."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[None] = loop.create_future()

    def note() -> None:
        if not came.done():
            came.set_result(None)

    loop.add_reader(descriptor, note)
    try:
        async with asyncio.timeout(seconds):
            await came
    except TimeoutError:
        return False
    else:
        return True
    finally:
        loop.remove_reader(descriptor)
