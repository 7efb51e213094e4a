"""The steps of a link as they are carried out: one at a time, to their end, and with their outcome on record."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Protocol
from uuid import UUID

from dashtam.bridge.doors import keep_running, run_db, run_db_at_last
from dashtam.cache import Cache
from dashtam.crypto import sealed_tokens
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.web import problems
from notifications.services.live_event_service import LiveEventService
from providers.connections import conversation
from providers.connections.conversation import Conversation
from providers.connections.errors import AuthorizationUsed, LinkUsed
from providers.connections.models import AuthorizationRequest, Connection
from providers.connections.queries import CATALOGUE_KEY
from providers.connectors.contract.errors import NothingAsked, StillWaiting
from providers.connectors.contract.steps import Ask, Done, Visit
from providers.wire import oauth

Requests = AuthorizationRequest.objects
Answers = Mapping[str, str]


class RequestSync(Protocol):
    """SyncService.request_sync."""

    def __call__(self, *, user_id: UUID, connection_id: UUID, trigger: str) -> Awaitable[object]: ...


class Steps:
    """Takes the steps of authorization requests. A step that has begun ends although a browser goes away."""

    def __init__(
        self,
        *,
        encryption: EncryptionService,
        live_events: LiveEventService,
        cache: Cache,
        request_sync: RequestSync | None,
    ) -> None:
        self.encryption = encryption
        self.live_events = live_events
        self.cache = cache
        self.request_sync = request_sync

    async def leave(self, request: AuthorizationRequest, browser_key: str) -> Visit:
        """Bind the request to the browser that leaves, once. Raises LinkUsed, and as `Conversation.step`."""
        if not await run_db(Requests.take_turn, id=request.id):
            raise LinkUsed
        try:
            return await self._leave(request, browser_key)
        finally:
            await run_db_at_last(Requests.end_turn, id=request.id)

    async def _leave(self, request: AuthorizationRequest, browser_key: str) -> Visit:
        at, columns = conversation.pending(self.encryption, request), {}
        visit: Ask | Visit | Done = Visit(at.url, at.kept, at.poll, at.idle)
        if not at.url:
            state = oauth.new_state()
            visit = await Conversation(self.encryption, request).step(at, state=state)
            columns = {"state_hash": sealed_tokens.digest(state)}
        if not isinstance(visit, Visit):
            raise NothingAsked
        started = await run_db(
            Requests.start,
            id=request.id,
            user_id=request.user_id,
            browser_hash=sealed_tokens.digest(browser_key),
            poll=visit.poll,
            **columns,
            **conversation.kept(self.encryption, request.id, visit, left=True),
        )
        if not started:
            raise LinkUsed
        return visit

    async def take(
        self,
        request: AuthorizationRequest,
        answers: Answers | None,
        query: Answers | None = None,
    ) -> Ask | Visit | Connection:
        """Take one step, of many at once only one, to its end although a browser goes away."""
        if not await run_db(Requests.take_turn, id=request.id):
            raise LinkUsed
        return await asyncio.shield(keep_running(self._take(request, answers, query)))

    async def _take(
        self,
        request: AuthorizationRequest,
        answers: Answers | None,
        query: Answers | None,
    ) -> Ask | Visit | Connection:
        try:
            talk = Conversation(self.encryption, request)
            step = await talk.go_on(answers, query)
            if not isinstance(step, Done):
                return step
            if not await run_db(Requests.consume, id=request.id):
                raise LinkUsed
            return await self._connected(talk, step)
        finally:
            await run_db_at_last(Requests.end_turn, id=request.id)

    async def complete(self, request: AuthorizationRequest, query: Answers) -> Connection:
        if request.kept is not None and conversation.pending(self.encryption, request).poll:
            return await self._looked(request, query)
        if not await run_db(Requests.consume, id=request.id):
            raise AuthorizationUsed
        try:
            talk = Conversation(self.encryption, request)
            done = await talk.answered(query)
        except Exception as failure:
            await self.fail(request, failure)
            raise
        return await self._connected(talk, done)

    async def _looked(self, request: AuthorizationRequest, query: Answers) -> Connection:
        """The connection, if the page that we poll for is done with, now that the browser has come back from it."""
        try:
            step = await self.take(request, None, query)
        except LinkUsed as error:
            raise StillWaiting from error
        if not isinstance(step, Connection):
            raise StillWaiting
        return step

    async def _connected(self, talk: Conversation, done: Done) -> Connection:
        try:
            connection = await talk.fulfil(done)
        except Exception as failure:
            await self.fail(talk.request, failure)
            raise
        await self.publish_change(connection)
        if self.request_sync is not None:
            await self.request_sync(
                user_id=connection.user_id, connection_id=connection.id, trigger="initial"
            )
        return connection

    async def fail(self, request: AuthorizationRequest, failure: Exception) -> None:
        await run_db_at_last(Requests.fail, id=request.id, outcome=problems.typed(failure).code)

    async def publish_change(self, connection: Connection) -> None:
        await self.cache.delete(CATALOGUE_KEY.format(user_id=connection.user_id))
        await self.live_events.publish(
            user_id=connection.user_id,
            type="connection.changed",
            connection_id=connection.id,
            state=connection.state,
        )
