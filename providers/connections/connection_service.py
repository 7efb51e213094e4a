"""ConnectionService: starts a link, takes its steps, sends the browser away and takes it back, disconnects."""

import asyncio
import functools
import hmac
from uuid import UUID

from dashtam import limits
from dashtam.bridge.doors import keep_running, run_db
from dashtam.cache import Cache
from dashtam.crypto import sealed_tokens
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.errors import DashtamError, NotFound
from dashtam.limits import Limit
from notifications.services.live_event_service import LiveEventService
from providers.connections import conversation
from providers.connections.errors import LinkNotYours, LinkUnknown, LinkUsed
from providers.connections.grants import revocation_of_stored
from providers.connections.linking import linkable
from providers.connections.models import AuthorizationRequest, Connection
from providers.connections.started import PendingLink, StartedConnection
from providers.connections.steps import Answers, RequestSync, Steps
from providers.connectors.contract.errors import NothingAsked
from providers.connectors.contract.steps import Ask, Visit
from providers.errors import AuthorizationInvalid, NotSupported, ProviderRateLimited, ProviderUnavailable

CONNECT_BY_PERSON = Limit("connect by person", 20, 3600, told=True)  # each is a row and an audit event
ANSWERS_BY_PERSON = Limit("answers by person", 60, 3600, told=True)  # each may be a call to an institution
LINK_PURPOSE = "connection_start"
Requests = AuthorizationRequest.objects


class ConnectionService:
    """Links people to institutions. Only a signed-in browser is sent to a provider, never a program.

    This closes the attack in which one person starts a link and another person's browser finishes it.
    """

    def __init__(
        self,
        *,
        encryption: EncryptionService,
        live_events: LiveEventService,
        cache: Cache,
        public_url: str,
        request_sync: RequestSync | None,
    ) -> None:
        self.encryption = encryption
        self.public_url = public_url
        self.steps = Steps(
            encryption=encryption, live_events=live_events, cache=cache, request_sync=request_sync
        )

    async def start(
        self, *, user_id: UUID, provider: str, credentials: Answers | None = None
    ) -> StartedConnection:
        """Create a pending connection and its one-time URL; with the answers to its first question, go on with these.

        Raises UnknownProvider, ProviderTakesFiles, ProviderNotConfigured, EmailUnverified, TooManyConnections,
        TooManyRequests; with credentials ValidationFailed, CredentialsRefused, NotSupported, ProviderErrors.
        """
        return await self._begin(user_id, provider, None, credentials)

    async def reauthorize(
        self, *, user_id: UUID, connection_id: UUID, credentials: Answers | None = None
    ) -> StartedConnection:
        """Repair access, or add accounts; until that is done all stays as it is. Raises NotFound, and as `start`."""
        found = Connection.objects.filter(id=connection_id, user_id=user_id)
        connection = await run_db(found.first)
        if connection is None:
            raise NotFound
        return await self._begin(user_id, connection.provider, connection_id, credentials)

    async def go_on(self, *, user_id: UUID, connection_id: UUID, credentials: Answers) -> StartedConnection:
        """Answer the question that a connection waits for; where it waits for a page, look whether that is done.

        Raises NotFound, NothingAsked, and as `start` with credentials.
        """
        connection = await run_db(Connection.objects.filter(id=connection_id, user_id=user_id).first)
        if connection is None:
            raise NotFound
        request = await run_db(functools.partial(Requests.under_way, connection_id))
        if request is None:
            raise NothingAsked
        at = conversation.pending(self.encryption, request)
        if at.ask is None and not (at.poll and request.started_at):
            raise NothingAsked
        await limits.require((ANSWERS_BY_PERSON, user_id))
        return self._started(request, await self.steps.take(request, credentials if at.ask else None))

    async def answer(self, *, user_id: UUID, link_token: str, answers: Answers) -> StartedConnection:
        """Answer the question of a one-time link's page. Raises as `go_on`, and LinkUnknown, LinkNotYours, LinkUsed."""
        request = await self._linked_request(user_id, link_token)
        await limits.require((ANSWERS_BY_PERSON, user_id))
        return self._started(request, await self.steps.take(request, answers))

    async def pending_link(self, *, user_id: UUID, link_token: str, browser_key: str = "") -> PendingLink:
        """Look at a one-time link without using it. Raises LinkUnknown, LinkNotYours, LinkUsed.

        The browser that left for a page, and is waited for, sees how far that is. Once it is connected, the link leads
        its person to the connection: they may have gone back, or pressed twice.
        """
        request = await self._linked_request(user_id, link_token, browser_key)
        at = conversation.pending(self.encryption, request)
        return PendingLink(
            provider=request.provider,
            reconnecting=request.connection is not None
            and request.connection.state != Connection.State.PENDING,
            ask=at.ask,
            url=at.url,
            waiting=request.started_at is not None,
            idle=at.idle,
            connected=request.connection_id if request.is_connected else None,
            failed="" if request.is_connected else request.outcome,
        )

    async def authorization_redirect(self, *, user_id: UUID, link_token: str, browser_key: str) -> str:
        """The URL of the institution's page, such as that of RFC 6749 §4.1.1. Raises as `leave`."""
        return (await self.leave(user_id=user_id, link_token=link_token, browser_key=browser_key)).url

    async def leave(self, *, user_id: UUID, link_token: str, browser_key: str) -> Visit:
        """Bind the request to the browser that leaves; works once. `browser_key` is the random value of its new cookie.

        Raises LinkUnknown, LinkNotYours, LinkUsed, OutgoingPaused, and the ProviderErrors of the step.
        """
        return await self.steps.leave(await self._linked_request(user_id, link_token), browser_key)

    async def complete(
        self,
        /,
        *,
        user_id: UUID,
        provider: str,
        state: str | None,
        browser_key: str | None,
        **query: str | None,
    ) -> Connection:
        """Take the callback (RFC 6749 §4.1.2, RFC 9207), once; the query parameters are as they came in, or None.

        Raises AuthorizationInvalid, AuthorizationUsed, AuthorizationDenied, AuthorizationFailed,
        DifferentCustomer, StillWaiting, and the ProviderErrors of the code exchange.
        """
        found = Requests.filter(state_hash=sealed_tokens.digest(state or ""))
        request = await run_db(found.first)
        if request is None or not self._belongs(request, user_id, provider, browser_key or ""):
            raise AuthorizationInvalid
        given = {name: value for name, value in query.items() if value}
        # A code works once: from here on, a browser that disconnects must not cancel the work.
        return await asyncio.shield(keep_running(self.steps.complete(request, given)))

    async def look_again(self, *, request_id: UUID) -> None:
        """Ask whether a page that the person visits is done with, and if not, queue the next look."""
        request = await run_db(functools.partial(Requests.awaited, request_id))
        if request is None:
            return
        poll = 60
        try:
            poll = conversation.pending(self.encryption, request).poll or poll
            step = await self.steps.take(request, None)
        except (ProviderUnavailable, ProviderRateLimited, LinkUsed) as error:
            await run_db(Requests.look_again, id=request_id, poll=max(poll, error.retry_after or 0))
        except DashtamError as failure:
            await self.steps.fail(request, failure)
            raise
        else:
            if not isinstance(step, Connection):
                await run_db(Requests.look_again, id=request_id, poll=poll)

    async def disconnect(self, *, user_id: UUID, connection_id: UUID) -> None:
        """Erase the tokens now, end the consent at the institution soon, keep the data. Raises NotFound."""
        hand_over = functools.partial(revocation_of_stored, self.encryption)
        connection = await run_db(
            Connection.objects.disconnect, user_id=user_id, id=connection_id, hand_over=hand_over
        )
        await self.steps.publish_change(connection)

    async def _begin(
        self, user_id: UUID, provider: str, connection_id: UUID | None, credentials: Answers | None
    ) -> StartedConnection:
        connector = linkable(provider)
        if credentials is not None and connector.auth == "oauth2":
            raise NotSupported
        await limits.require((CONNECT_BY_PERSON, user_id))
        request = await run_db(
            Requests.begin,
            user_id=user_id,
            provider=provider,
            redirect_uri=self._redirect_uri(provider),
            connection_id=connection_id,
        )
        if connector.auth == "oauth2":
            return self._started(request, None)
        try:
            step = await self.steps.take(request, None)
            if credentials is not None and isinstance(step, Ask):
                await run_db(request.refresh_from_db, fields=["kept"])
                step = await self.steps.take(request, credentials)
        except Exception as failure:
            await self.steps.fail(request, failure)
            raise
        return self._started(request, step)

    def _started(
        self, request: AuthorizationRequest, step: Ask | Visit | Connection | None
    ) -> StartedConnection:
        link = sealed_tokens.seal(LINK_PURPOSE, request.id)
        return StartedConnection.at(request, step, f"{self.public_url}/connections/start/{link}")

    def _redirect_uri(self, provider: str) -> str:
        return f"{self.public_url}/providers/{provider}/callback"

    async def _linked_request(
        self, user_id: UUID, link_token: str, browser_key: str = ""
    ) -> AuthorizationRequest:
        opened = sealed_tokens.unseal(LINK_PURPOSE, link_token)
        if opened is None:
            raise LinkUnknown
        request = await run_db(functools.partial(Requests.with_connection, opened.id))
        if request is None:
            raise LinkUsed
        if request.user_id != user_id:
            raise LinkNotYours
        waited_for = browser_key and request.is_awaited and _left(request, browser_key)
        if not (request.is_new or request.is_connected or waited_for):
            raise LinkUsed
        return request

    def _belongs(self, request: AuthorizationRequest, user_id: UUID, provider: str, browser_key: str) -> bool:
        """True if person, provider and browser are those that left (RFC 9700 §4.7)."""
        return (
            request.user_id == user_id
            and request.provider == provider
            and request.redirect_uri == self._redirect_uri(provider)
            and _left(request, browser_key)
        )


def _left(request: AuthorizationRequest, browser_key: str) -> bool:
    """True if this browser is the one that left for the institution."""
    return hmac.compare_digest(bytes(request.browser_hash or b""), sealed_tokens.digest(browser_key))
