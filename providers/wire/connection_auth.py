"""Authorises the requests of one connection, and renews its grant when an institution refuses it."""

from collections.abc import AsyncGenerator, Mapping
from typing import Protocol
from uuid import UUID

import httpx

from providers.errors import ConsentEnded, ProviderRateLimited
from providers.wire import dpop, http, pauses
from providers.wire.grants import Grant
from providers.wire.placing import Placement


class Grants(Protocol):
    """The part of TokenService that ConnectionAuth uses."""

    async def get_grant(self, *, connection_id: UUID) -> Grant: ...

    async def renewed(self, *, connection_id: UUID, stale: Grant) -> Grant: ...

    async def refused(self, *, connection_id: UUID, grant: Grant) -> None: ...


class Meter(Protocol):
    """The part of CallMeter that ConnectionAuth uses."""

    async def take(self, account: str) -> None: ...

    async def heed(self, headers: Mapping[str, str]) -> None: ...


class ConnectionAuth(httpx.Auth):
    """Puts a connection's secrets in their places; if refused, renews once and tries once more (RFC 6750 §3.1).

    A rate limit pauses this connection only: limits are per consent, and other connections may have room left.
    """

    def __init__(
        self,
        *,
        grants: Grants,
        connection_id: UUID,
        placement: Placement,
        own: Mapping[str, str],
        meter: Meter,
    ) -> None:
        self.grants = grants
        self.connection_id = connection_id
        self.placement = placement
        self.own = own
        self.meter = meter

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The generator that httpx drives for each request."""
        id_ = self.connection_id
        key = f"connection:{id_}"
        await pauses.require_none(key, ProviderRateLimited)
        await self.meter.take(request.extensions.get("account", ""))
        grant = await self.grants.get_grant(connection_id=id_)
        response = yield self._authorised(request, grant)
        if dpop.wants_nonce(response, request.url):
            response = yield self._authorised(request, grant)
        if _refused(response):
            grant = await self.grants.renewed(connection_id=id_, stale=grant)
            response = yield self._authorised(request, grant)
            if _refused(response):
                await self.grants.refused(connection_id=id_, grant=grant)
        await self.meter.heed(response.headers)
        await pauses.heed(key, response)

    def _authorised(self, request: httpx.Request, grant: Grant) -> httpx.Request:
        return self.placement.authorise(request, {**grant.secrets, **self.own})


def _refused(response: httpx.Response) -> bool:
    return isinstance(http.error_of(response), ConsentEnded)
