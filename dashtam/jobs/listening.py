"""One connection by which all lanes of a worker hear of new jobs, and of those whose time has come.

procrastinate opens a connection for each of our six lanes, and PostgreSQL a process of some 2 MB for each connection.
psycopg's `notifies` wakes up ten times a second to see whether it should stop, and each lane looks every five seconds
for jobs that were to wait: together that was most of what an idle worker cost.
"""

import asyncio
import contextlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import psycopg
from procrastinate import App
from procrastinate.connector import Notify
from procrastinate.manager import get_channel_for_queues
from procrastinate.psycopg_connector import PsycopgConnector, wrap_exceptions
from psycopg import sql

from dashtam.jobs.together import Together

LOOK_SECONDS = (
    5.0  # a job that was to wait begins this late; a connection that broke silently is found out too
)
DUE = """
SELECT DISTINCT queue_name FROM procrastinate_jobs
WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())"""
LOOK = json.dumps({"type": "job_inserted", "job_id": 0})


def listen_quietly(app: App, *, look_every: float = LOOK_SECONDS) -> None:
    """Have all workers of this app listen so. procrastinate has no setting for it, and makes its connector itself."""
    connector: Any = app.connector
    connector.listen_notify = Ears(connector, look_every=look_every).listen


class _Ear(NamedTuple):
    notify: Notify
    channels: frozenset[str]


class Ears:
    """The one connection that listens, for as long as any lane has joined."""

    def __init__(self, connector: PsycopgConnector, *, look_every: float) -> None:
        self.connector = connector
        self.look_every = look_every
        self.open: Together[_Ear] = Together(self._listen)
        self.stirred = (
            asyncio.Event()
        )  # there is something to read, or a lane that has joined with more channels

    async def listen(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Call `on_notification` for what comes on these channels, until cancelled.

        Raises procrastinate's ConnectorException when no new connection can be opened after one has broken.
        """
        self.stirred.set()
        await self.open.join(_Ear(on_notification, frozenset(channels)))

    async def _listen(self) -> None:
        while True:
            async with wrap_exceptions(), self.connector._get_standalone_connection() as connection:  # noqa: SLF001
                with contextlib.suppress(psycopg.OperationalError):  # it has broken
                    await self._pass_on(connection)

    async def _pass_on(self, connection: "psycopg.AsyncConnection[Any]") -> None:
        known: set[str] = set()
        clock = asyncio.get_running_loop().time
        look_at = clock() + self.look_every
        while True:
            self.stirred.clear()
            for channel in {channel for ear in self.open.members for channel in ear.channels} - known:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                known.add(channel)
            async for each in connection.notifies(timeout=0):
                await self._tell({each.channel}, each.payload)
            if clock() >= look_at:
                due = await (await connection.execute(DUE)).fetchall()
                await self._tell({channel for (queue,) in due for channel in _channels(queue)}, LOOK)
                look_at = clock() + self.look_every
            await self._stirs(connection.fileno(), look_at)

    async def _tell(self, channels: set[str], payload: str) -> None:
        for ear in [*self.open.members]:
            for channel in ear.channels & channels:
                await ear.notify(channel=channel, payload=payload)

    async def _stirs(self, descriptor: int, until: float) -> None:
        """Wait until there is something to read, or to listen to, or the time has come."""
        loop = asyncio.get_running_loop()
        loop.add_reader(descriptor, self.stirred.set)
        try:
            async with asyncio.timeout_at(until):
                await self.stirred.wait()
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(descriptor)


def _channels(queue: str) -> set[str]:
    return {*get_channel_for_queues([queue]), *get_channel_for_queues(None)}
