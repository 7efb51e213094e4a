"""Tickets for WebSockets: a browser's page or a program gets one over HTTP, and opens one socket with it."""

import secrets
from uuid import UUID

import msgspec

from accounts.principal import Principal
from accounts.services.api_key_service import ApiKeyService
from accounts.services.sessions.session_service import SessionService
from dashtam.cache import Cache
from dashtam.crypto import sealed_tokens
from dashtam.errors import ServiceBusy

TICKET_SECONDS = 30


class Ticket(msgspec.Struct, frozen=True):
    """The session or API key that a ticket was made for."""

    id: UUID
    is_api_key: bool


class TicketService:
    """A ticket works once and for TICKET_SECONDS; the session or key must still count when it is used."""

    def __init__(self, *, cache: Cache, sessions: SessionService, api_keys: ApiKeyService) -> None:
        self.cache = cache
        self.sessions = sessions
        self.api_keys = api_keys

    async def create(self, *, principal: Principal) -> str:
        """A ticket for this session or key. Raises ServiceBusy without a cache."""
        ticket = secrets.token_urlsafe(32)
        made_for = Ticket(principal.session_id, principal.scopes is not None)
        if not await self.cache.add(_cache_name(ticket), made_for, seconds=TICKET_SECONDS):
            raise ServiceBusy()
        return ticket

    async def principal(self, ticket: str) -> Principal | None:
        """The principal that the ticket speaks for, which is used up by this; None for one that does not count."""
        made_for = await self.cache.take(_cache_name(ticket), Ticket)
        if made_for is None:
            return None
        if made_for.is_api_key:
            return await self.api_keys.principal_of_id(made_for.id)
        return await self.sessions.principal(made_for.id)


def _cache_name(ticket: str) -> str:
    return f"ticket:{sealed_tokens.digest(ticket).hex()}"
