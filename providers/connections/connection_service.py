"""ConnectionService: starts a link, sends the browser away, takes the callback, disconnects."""

import asyncio
import functools
import hmac
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol, cast
from uuid import UUID

from django.utils import timezone

from dashtam import limits
from dashtam.bridge.doors import keep_running, run_db, run_db_at_last
from dashtam.cache import Cache
from dashtam.crypto import sealed_tokens
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.crypto.sealed_fields import open_field, seal_field
from dashtam.errors import DecryptionFailed, NotFound
from dashtam.limits import Limit
from dashtam.web import problems
from notifications.services.live_event_service import LiveEventService
from providers.connections.consent_service import revocation_of, revocation_of_replaced, revocation_of_stored
from providers.connections.linking import check_answer, consent_end, fetch_subject, linkable
from providers.connections.models import AuthorizationRequest, Connection, PendingRevocation
from providers.connections.outgoing import require_outgoing
from providers.connections.queries import CATALOGUE_KEY
from providers.connections.token_service import sealed
from providers.connectors.base import Connector
from providers.errors import (
    AuthorizationFailed,
    AuthorizationInvalid,
    AuthorizationUsed,
    ConsentEnded,
    DifferentCustomer,
    LinkNotYours,
    LinkUnknown,
    LinkUsed,
)
from providers.wire import oauth
from providers.wire.oauth import TokenResponse

CONNECT_BY_PERSON = Limit("connect by person", 20, 3600, told=True)  # each is a row and an audit event
LINK_PURPOSE = "connection_start"


class RequestSync(Protocol):
    """SyncService.request_sync."""

    def __call__(self, *, user_id: UUID, connection_id: UUID, trigger: str) -> Awaitable[object]: ...


@dataclass(frozen=True, slots=True)
class StartedConnection:
    """A new connection, and the one-time URL of our own that the person's browser opens to give consent."""

    connection: Connection
    authorization_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PendingLink:
    """The subject of a one-time link, for the page that is shown before the browser leaves."""

    provider: str
    reconnecting: bool


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
        self.live_events = live_events
        self.cache = cache
        self.public_url = public_url
        self.request_sync = request_sync

    async def start(self, *, user_id: UUID, provider: str) -> StartedConnection:
        """Create a pending connection and its one-time URL.

        Raises UnknownProvider, ProviderTakesFiles, ProviderNotConfigured, EmailUnverified, TooManyConnections,
        TooManyRequests.
        """
        return await self._begin(user_id, provider, None)

    async def reauthorize(self, *, user_id: UUID, connection_id: UUID) -> StartedConnection:
        """Ask for a new consent; the connection stays as it is until it comes. Raises NotFound and as `start`."""
        found = Connection.objects.filter(id=connection_id, user_id=user_id)
        connection = await run_db(found.first)
        if connection is None:
            raise NotFound
        return await self._begin(user_id, connection.provider, connection_id)

    async def pending_link(self, *, user_id: UUID, link_token: str) -> PendingLink:
        """Look at a one-time link without using it. Raises LinkUnknown, LinkNotYours, LinkUsed."""
        request = await self._linked_request(user_id, link_token)
        return PendingLink(
            provider=request.provider,
            reconnecting=request.connection is not None
            and request.connection.state != Connection.State.PENDING,
        )

    async def authorization_redirect(self, *, user_id: UUID, link_token: str, browser_key: str) -> str:
        """The authorization URL (RFC 6749 §4.1.1); works once. `browser_key` is the random value of its new cookie.

        Raises LinkUnknown, LinkNotYours, LinkUsed, OutgoingPaused, and a pushed request's ProviderErrors (RFC 9126).
        """
        request = await self._linked_request(user_id, link_token)
        connector = linkable(request.provider)
        await require_outgoing()
        state, verifier = oauth.new_state(), oauth.new_code_verifier()
        envelope = seal_field(self.encryption, AuthorizationRequest, request.id, "code_verifier", verifier)
        url = await oauth.authorization_url(
            connector.oauth, redirect_uri=request.redirect_uri, state=state, code_verifier=verifier
        )
        started = await run_db(
            AuthorizationRequest.objects.start,
            id=request.id,
            user_id=user_id,
            state_hash=sealed_tokens.digest(state),
            browser_hash=sealed_tokens.digest(browser_key),
            code_verifier=envelope,
        )
        if not started:
            raise LinkUsed
        return url

    async def complete(
        self,
        *,
        user_id: UUID,
        provider: str,
        state: str | None,
        code: str | None,
        iss: str | None,
        error: str | None,
        browser_key: str | None,
    ) -> Connection:
        """Take the callback (RFC 6749 §4.1.2, RFC 9207), once; the query parameters are as they came in, or None.

        Raises AuthorizationInvalid, AuthorizationUsed, AuthorizationDenied, AuthorizationFailed,
        DifferentCustomer, and the ProviderErrors of the code exchange.
        """
        found = AuthorizationRequest.objects.filter(state_hash=sealed_tokens.digest(state or ""))
        request = await run_db(found.first)
        if request is None or not self._belongs(request, user_id, provider, browser_key or ""):
            raise AuthorizationInvalid
        # A code works once: from here on, a browser that disconnects must not cancel the work.
        return await asyncio.shield(keep_running(self._complete(request, code, iss or None, error or None)))

    async def disconnect(self, *, user_id: UUID, connection_id: UUID) -> None:
        """Erase the tokens now, end the consent at the institution soon, keep the data. Raises NotFound."""
        hand_over = functools.partial(revocation_of_stored, self.encryption)
        connection = await run_db(
            Connection.objects.disconnect, user_id=user_id, id=connection_id, hand_over=hand_over
        )
        await self._publish_change(connection)

    async def _begin(self, user_id: UUID, provider: str, connection_id: UUID | None) -> StartedConnection:
        linkable(provider)
        await limits.require((CONNECT_BY_PERSON, user_id))
        request = await run_db(
            AuthorizationRequest.objects.begin,
            user_id=user_id,
            provider=provider,
            redirect_uri=self._redirect_uri(provider),
            connection_id=connection_id,
        )
        link = sealed_tokens.seal(LINK_PURPOSE, request.id)
        return StartedConnection(
            cast("Connection", request.connection), f"{self.public_url}/connections/start/{link}"
        )

    def _redirect_uri(self, provider: str) -> str:
        return f"{self.public_url}/providers/{provider}/callback"

    async def _linked_request(self, user_id: UUID, link_token: str) -> AuthorizationRequest:
        opened = sealed_tokens.unseal(LINK_PURPOSE, link_token)
        if opened is None:
            raise LinkUnknown
        found = AuthorizationRequest.objects.select_related("connection").filter(id=opened.id)
        request = await run_db(found.first)
        if request is None:
            raise LinkUsed
        if request.user_id != user_id:
            raise LinkNotYours
        if (
            request.started_at is not None
            or request.expires_at <= timezone.now()
            or request.connection is None
        ):
            raise LinkUsed
        return request

    def _belongs(self, request: AuthorizationRequest, user_id: UUID, provider: str, browser_key: str) -> bool:
        """True if person, provider and browser are those that left (RFC 9700 §4.7)."""
        browser_hash = bytes(request.browser_hash or b"")
        return (
            request.user_id == user_id
            and request.provider == provider
            and request.redirect_uri == self._redirect_uri(provider)
            and hmac.compare_digest(browser_hash, sealed_tokens.digest(browser_key))
        )

    async def _complete(
        self, request: AuthorizationRequest, code: str | None, iss: str | None, error: str | None
    ) -> Connection:
        if not await run_db(AuthorizationRequest.objects.consume, id=request.id):
            raise AuthorizationUsed
        try:
            connection = await self._link(request, code, iss, error)
        except Exception as failure:
            outcome = problems.typed(failure).code
            await run_db_at_last(AuthorizationRequest.objects.fail, id=request.id, outcome=outcome)
            raise
        await self._publish_change(connection)
        if self.request_sync is not None:
            await self.request_sync(
                user_id=connection.user_id, connection_id=connection.id, trigger="initial"
            )
        return connection

    async def _link(
        self, request: AuthorizationRequest, code: str | None, iss: str | None, error: str | None
    ) -> Connection:
        connector = linkable(request.provider)
        check_answer(connector.oauth, code, iss, error)
        tokens = await self._exchange(connector, request, code or "")
        try:
            return await run_db_at_last(
                AuthorizationRequest.objects.fulfil,
                id=request.id,
                subject=await fetch_subject(connector, tokens),
                consent_expires_at=consent_end(connector, tokens),
                seal=lambda connection_id: sealed(self.encryption, connection_id, tokens),
                hand_over=functools.partial(revocation_of_replaced, self.encryption, connector.oauth, tokens),
            )
        except Exception as failure:
            # The consent exists at the institution and will not be used here, so it is revoked, unless that would end
            # a living connection of the same customer.
            if not connector.oauth.one_grant_per_person or isinstance(failure, DifferentCustomer):
                revocation = revocation_of(self.encryption, request.provider, tokens)
                await run_db_at_last(PendingRevocation.objects.queue, revocation)
            raise

    async def _exchange(
        self, connector: Connector, request: AuthorizationRequest, code: str
    ) -> TokenResponse:
        try:
            verifier = open_field(self.encryption, request, "code_verifier").decode()
            return await oauth.exchange_code(
                connector.oauth, code=code, code_verifier=verifier, redirect_uri=request.redirect_uri
            )
        except (ConsentEnded, DecryptionFailed) as refused:
            raise AuthorizationFailed from refused

    async def _publish_change(self, connection: Connection) -> None:
        await self.cache.delete(CATALOGUE_KEY.format(user_id=connection.user_id))
        await self.live_events.publish(
            user_id=connection.user_id,
            type="connection.changed",
            connection_id=connection.id,
            state=connection.state,
        )
