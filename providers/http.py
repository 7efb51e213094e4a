"""All traffic to providers: one client with limits, one way to read JSON, one way to attach the access token.

httpx has no deadline for a whole exchange, no cap on the size of an answer, and writes addresses into its
errors. All three are dealt with in the transport, so no caller can forget them.
"""

import asyncio
import email.utils
import functools
import logging
import random
import re
import ssl
from collections.abc import AsyncGenerator, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar
from uuid import UUID

import httpx
import msgspec
from django.conf import settings

from providers.errors import (
    AnswerLost,
    ConsentEnded,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnreachable,
    ProviderUnreadable,
)

Client = httpx.AsyncClient  # what connectors and services are handed; only this module makes one
logger = logging.getLogger(__name__)
T = TypeVar("T")

TIMEOUT = httpx.Timeout(10, connect=3)
MAX_ANSWER_BYTES = 10 * 1024 * 1024
GET_ATTEMPTS = 3
LONGEST_WAIT_SECONDS = 3600
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Dashtam"}


def client(base_url: str, auth: httpx.Auth | None = None) -> httpx.AsyncClient:
    """A client for one provider. It speaks to the origin of `base_url` only and raises ProviderErrors only.

    A GET that finds nobody home is repeated up to twice, so a fault has to last for three calls to show.
    """
    guard = Guard(base_url, deadline=settings.PROVIDER_DEADLINE_SECONDS)
    return httpx.AsyncClient(
        base_url=base_url, auth=auth, transport=guard, timeout=TIMEOUT, headers=HEADERS, trust_env=False
    )


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)  # reads the CA bundle, which takes 20 ms: once


class Guard(httpx.AsyncBaseTransport):
    """One exchange with all its retries: to this origin, within the deadline, of bounded size."""

    def __init__(self, base_url: str, *, deadline: float) -> None:
        self.origin = _origin(httpx.URL(base_url))
        self.deadline = deadline
        self.wire = httpx.AsyncHTTPTransport(verify=_tls(), trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises ProviderUnreachable, AnswerLost, ProviderUnreadable."""
        if _origin(request.url) != self.origin:
            raise ProviderUnreadable(code="foreign_address")
        try:
            async with asyncio.timeout(self.deadline):
                return await self._persistently(request)
        except TimeoutError:
            logger.warning("%s did not answer in time.", self.origin[1])
            raise AnswerLost from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    async def _persistently(self, request: httpx.Request) -> httpx.Response:
        """Only a GET may be sent again: what a lost answer to anything else did is not known."""
        for pause in _pauses() if request.method == "GET" else ():
            try:
                response = await self._exchange(request)
            except ProviderUnavailable:
                pass
            else:
                if response.status_code < 500 or "Retry-After" in response.headers:
                    return response
            await asyncio.sleep(pause)
        return await self._exchange(request)

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await self.wire.handle_async_request(request)
            try:
                body = await _read(response)
            finally:
                await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            logger.warning("%s could not be reached: %s", self.origin[1], type(error).__name__)
            raise ProviderUnreachable from None
        except httpx.TransportError as error:
            logger.warning("%s broke off: %s", self.origin[1], type(error).__name__)
            raise AnswerLost from None
        return httpx.Response(response.status_code, headers=response.headers, content=body)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _pauses() -> Iterator[float]:
    for attempt in range(1, GET_ATTEMPTS):
        yield 0.1 * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 spreads load, guards nothing


async def _read(response: httpx.Response) -> bytes:
    """The raw body. A compressed one, which we did not ask for, could expand to anything: refused."""
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise ProviderUnreadable
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise ProviderUnreadable
    return bytes(body)


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
    """What a status means, or None if it is a success."""
    if response.is_success:
        return None
    status, wait = response.status_code, _retry_after(response.headers.get("Retry-After", ""))
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
    """The error with the provider's own id of the request, for talking to its support."""
    given = response.headers.get("X-Request-Id", "")
    error.provider_request_id = given if re.fullmatch(r"[\w.:/+=-]{1,100}", given, re.ASCII) else ""
    return error


def _retry_after(value: str) -> int | None:
    """Seconds, from either form of RFC 9110 §10.2.3; at most an hour. None if absent or nonsense."""
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), LONGEST_WAIT_SECONDS)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0, min(round(seconds), LONGEST_WAIT_SECONDS))


_decoder = msgspec.json.Decoder(float_hook=Decimal)


def decoded(response: httpx.Response, type: type[T]) -> T:
    """The JSON body as `type`; numbers with a point are exact. Raises ProviderUnreadable."""
    try:
        tree = _decoder.decode(response.content)
        if b"\\u0000" in response.content:
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
    """What ConnectionAuth needs of TokenService."""

    async def get_access_token(self, *, connection_id: UUID) -> str: ...

    async def refresh_token(self, *, connection_id: UUID, stale: str | None) -> str: ...

    async def give_up(self, *, connection_id: UUID, refused: str) -> None: ...


class ConnectionAuth(httpx.Auth):
    """Attaches a connection's access token; on a 401 refreshes it once and tries once more (RFC 6750 §3.1)."""

    def __init__(self, *, tokens: AccessTokens, connection_id: UUID) -> None:
        self.tokens = tokens
        self.connection_id = connection_id

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Called by httpx for each request."""
        token = await self.tokens.get_access_token(connection_id=self.connection_id)
        response = yield bearing(request, token)
        if response.status_code == 401:
            token = await self.tokens.refresh_token(connection_id=self.connection_id, stale=token)
            response = yield bearing(request, token)
            if response.status_code == 401:
                await self.tokens.give_up(connection_id=self.connection_id, refused=token)


class BearerAuth(httpx.Auth):
    """An access token that is not stored yet."""

    def __init__(self, access_token: str) -> None:
        self.access_token = access_token

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Called by httpx for each request."""
        yield bearing(request, self.access_token)


def bearing(request: httpx.Request, token: str) -> httpx.Request:
    """The request with the token in its header, the only place a token may be (RFC 6750 §2.1)."""
    request.headers["Authorization"] = f"Bearer {token}"
    return request
