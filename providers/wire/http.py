"""HTTP to providers: one client with limits, one way to read JSON, one way to attach the access token."""

import logging
import re
import ssl
from collections.abc import AsyncGenerator, Mapping
from decimal import Decimal
from typing import Any, Protocol, TypeVar
from uuid import UUID

import httpx
import msgspec
from django.conf import settings

from dashtam.outbound import TIMEOUT
from providers.errors import (
    ConsentEnded,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnreadable,
)
from providers.wire import dpop, pauses
from providers.wire.outage_guard import OutageGuard

Client = httpx.AsyncClient  # connectors and services receive one; only this module makes them
logger = logging.getLogger(__name__)
T = TypeVar("T")

HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Dashtam"}


def client(
    base_url: str, auth: httpx.Auth | None = None, *, context: ssl.SSLContext | None = None
) -> httpx.AsyncClient:
    """A client for one provider. It speaks to the origin of `base_url` only and raises ProviderErrors only.

    A GET that fails is repeated up to twice, so a fault shows only if it lasts for three attempts.
    """
    guard = OutageGuard(base_url, deadline=settings.PROVIDER_DEADLINE_SECONDS, context=context)
    return httpx.AsyncClient(
        base_url=base_url, auth=auth, transport=guard, timeout=TIMEOUT, headers=HEADERS, trust_env=False
    )


async def request_json(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    type: type[T],
    params: Mapping[str, str | int] | None = None,
    json: Any = None,
) -> T:
    """The answer as `type`: a msgspec.Struct, a TypedDict, or plain containers of these.

    Raises the ProviderErrors: 5xx and no answer ProviderUnavailable, 429 ProviderRateLimited, 401 (after the
    one refresh of ConnectionAuth) ConsentEnded, other 4xx ProviderRefused, all else ProviderUnreadable.
    """
    response = await client.request(method, path, params=params, json=json)
    error = error_of(response)
    if error is not None:
        raise error
    return decoded(response, type)


def error_of(response: httpx.Response) -> ProviderError | None:
    """The error of an HTTP status, or None for a success."""
    if response.is_success:
        return None
    status, wait = response.status_code, pauses.seconds_asked(response)
    if status == 429:
        error: ProviderError = ProviderRateLimited(retry_after=wait)
    elif status >= 500:
        error = ProviderUnavailable(retry_after=wait)
    elif status == 401:
        error = ConsentEnded()
    else:
        error = ProviderRefused() if status >= 400 else ProviderUnreadable()
    return traced(error, response)


def traced(error: ProviderError, response: httpx.Response) -> ProviderError:
    """The error with the provider's own request id (X-Request-Id), which its support asks for."""
    given = response.headers.get("X-Request-Id", "")
    error.provider_request_id = given if re.fullmatch(r"[\w.:/+=-]{1,100}", given, re.ASCII) else ""
    return error


_decoder = msgspec.json.Decoder(float_hook=Decimal)


def decoded(response: httpx.Response, type: type[T], *, as_sent: bool = False) -> T:
    """The JSON body as `type`; numbers with a point are exact, and NUL is left out unless `as_sent`.

    Raises ProviderUnreadable.
    """
    try:
        tree = _decoder.decode(response.content)
        if b"\\u0000" in response.content and not as_sent:
            tree = _without_nul(tree)  # PostgreSQL stores no NUL
        return msgspec.convert(tree, type=type)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        place = re.search(r"at `([^`]*)`", str(error))  # the message itself may quote the provider's data
        logger.warning("An answer could not be read%s.", f" at {place[1]}" if place else "")
        raise traced(ProviderUnreadable(), response) from None


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value


class AccessTokens(Protocol):
    """The part of TokenService that ConnectionAuth uses."""

    async def get_access_token(self, *, connection_id: UUID) -> str: ...

    async def refresh_token(self, *, connection_id: UUID, stale: str | None) -> str: ...

    async def give_up(self, *, connection_id: UUID, refused: str) -> None: ...


class ConnectionAuth(httpx.Auth):
    """Attaches a connection's access token; on a 401 refreshes it once and tries once more (RFC 6750 §3.1).

    A rate limit pauses this connection only: limits are per consent, and other connections may have room left.
    """

    def __init__(self, *, tokens: AccessTokens, connection_id: UUID, dpop_key: str = "") -> None:
        self.tokens = tokens
        self.connection_id = connection_id
        self.dpop_key = dpop_key

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The generator that httpx drives for each request."""
        key = pauses.of_connection(self.connection_id)
        await pauses.require_none(key, ProviderRateLimited)
        token = await self.tokens.get_access_token(connection_id=self.connection_id)
        response = yield bearing(request, token, self.dpop_key)
        if dpop.wants_nonce(response, request.url):
            response = yield bearing(request, token, self.dpop_key)
        if response.status_code == 401:
            token = await self.tokens.refresh_token(connection_id=self.connection_id, stale=token)
            response = yield bearing(request, token, self.dpop_key)
            if response.status_code == 401:
                await self.tokens.give_up(connection_id=self.connection_id, refused=token)
        await pauses.heed(key, response)


class BearerAuth(httpx.Auth):
    """Attaches an access token that is not stored yet."""

    def __init__(self, access_token: str, dpop_key: str = "") -> None:
        self.access_token = access_token
        self.dpop_key = dpop_key

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The generator that httpx drives for each request."""
        response = yield bearing(request, self.access_token, self.dpop_key)
        if dpop.wants_nonce(response, request.url):
            yield bearing(request, self.access_token, self.dpop_key)


def bearing(request: httpx.Request, token: str, dpop_key: str = "") -> httpx.Request:
    """The request with the token in its header, the only place a token may be (RFC 6750 §2.1, RFC 9449 §7.1)."""
    request.headers["Authorization"] = f"{'DPoP' if dpop_key else 'Bearer'} {token}"
    if dpop_key:
        request.extensions = {**request.extensions, "sign": dpop.signer(dpop_key, access_token=token)}
    return request
