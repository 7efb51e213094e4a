"""WebhookService: hears institutions that say that something is new, and queues the syncs that bring it."""

import functools
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from dashtam.bridge.doors import run_db
from dashtam.errors import NotFound
from providers.connections.models import Connection
from providers.connections.outgoing import require_outgoing
from providers.connectors.base import Connector
from providers.connectors.contract.reach import reach
from providers.sync.models import SyncRun
from providers.sync.sync_service import ConnectionNotSyncable


class RequestSync(Protocol):
    """SyncService.request_sync."""

    def __call__(self, *, user_id: UUID, connection_id: UUID, trigger: str) -> Awaitable[object]: ...


class WebhookService:
    """Takes webhooks from anybody. The connector says whether its institution has sent one, and about whom."""

    def __init__(self, *, connector: Callable[[str], Connector], request_sync: RequestSync) -> None:
        self.connector = connector
        self.request_sync = request_sync

    async def receive(self, *, provider: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take the news, and queue a sync for each connection that the webhook is about. Returns how many there are.

        Raises UnknownProvider, OutgoingPaused.
        """
        connector = self.connector(provider)
        if not connector.configured:
            return 0
        await require_outgoing()
        heard = 0
        for news in await connector.hear(functools.partial(reach, connector), headers, body):
            for connection in await run_db(Connection.objects.take_news, provider, news):
                await self._request(connection)
                heard += 1
        return heard

    async def _request(self, connection: Connection) -> None:
        with suppress(ConnectionNotSyncable, NotFound):  # disconnected meanwhile
            await self.request_sync(
                user_id=connection.user_id,
                connection_id=connection.id,
                trigger=SyncRun.Trigger.SCHEDULED,
            )
