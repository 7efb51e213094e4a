"""HTTP to providers: one client with limits, and the ways to read answers: JSON, XML, and bytes."""

import logging
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, ParseError

import defusedxml
import httpx
import msgspec
from defusedxml.ElementTree import fromstring
from django.conf import settings

from dashtam.bridge.doors import run_aside
from dashtam.outbound import TIMEOUT
from providers.errors import (
    ConsentEnded,
    PaymentRequired,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnreadable,
)
from providers.wire import pauses
from providers.wire.grants import ACCESS
from providers.wire.outage_guard import OutageGuard
from providers.wire.pauses import FAULT
from providers.wire.placing import GrantAuth, Placement

Client = httpx.AsyncClient  # connectors and services receive one; only this module makes them
logger = logging.getLogger(__name__)
T = TypeVar("T")

LONG = 256 * 1024  # bytes of XML that are parsed on a thread
Fault = Callable[[httpx.Response], ProviderError | None]
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Dashtam"}


def client(
    base_url: str,
    auth: httpx.Auth | None = None,
    *,
    context: ssl.SSLContext | None = None,
    hosts: Sequence[str] = (),
    fault: Fault | None = None,
    provider: str = "",
) -> httpx.AsyncClient:
    """A client for one provider: for the origins of `base_url` and `hosts` only. It raises ProviderErrors only.

    A GET that fails is repeated up to twice, so a fault shows only if it lasts for three attempts. `fault` is the
    provider's own word for what went wrong; None leaves the verdict to the status. `provider` is its slug, if all of
    these are addresses of its own.
    """
    guard = OutageGuard(
        base_url,
        hosts=hosts,
        deadline=settings.PROVIDER_DEADLINE_SECONDS,
        context=context,
        fault=fault,
        provider=provider,
    )
    return httpx.AsyncClient(
        base_url=base_url, auth=auth, transport=guard, timeout=TIMEOUT, headers=HEADERS, trust_env=False
    )


async def request(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    params: Mapping[str, str | int] | None = None,
    json: Any = None,
    safe: bool = False,
    accept: str = HEADERS["Accept"],
    headers: Mapping[str, str] | None = None,
    account: str = "",
) -> httpx.Response:
    """A successful answer, whatever it is written in.

    `safe`: a POST that only reads, so that it may be repeated. `account` is what the institution counts the call for,
    where it has quotas of accounts. `headers` hold no secret: those are placed by the connector's data.

    Raises the ProviderErrors: the provider's own word first, then 5xx and no answer ProviderUnavailable, 429
    ProviderRateLimited, 401 (after the one renewal of ConnectionAuth) ConsentEnded, other 4xx ProviderRefused.
    """
    response = await client.request(
        method,
        path,
        params=params,
        json=json,
        headers={"Accept": accept, **(headers or {})},
        extensions={"safe": safe, "account": account},
    )
    error = error_of(response)
    if error is not None:
        raise error
    return response


async def request_json(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    type: type[T],
    params: Mapping[str, str | int] | None = None,
    json: Any = None,
    safe: bool = False,
    headers: Mapping[str, str] | None = None,
    account: str = "",
) -> T:
    """The answer as `type`: a msgspec.Struct, a TypedDict, or plain containers of these.

    Raises as `request`, and ProviderUnreadable for all else.
    """
    response = await request(
        client, method, path, params=params, json=json, safe=safe, headers=headers, account=account
    )
    return decoded(response, type)


async def request_xml(
    client: httpx.AsyncClient, method: str, path: str, *, params: Mapping[str, str | int] | None = None
) -> Element:
    """The root of an XML document without a document type or entities. Raises as `request_json`."""
    response = await request(client, method, path, params=params, accept="application/xml, text/xml")
    return await run_aside(xml, response) if len(response.content) > LONG else xml(response)


def error_of(response: httpx.Response) -> ProviderError | None:
    """The error that the provider names, else that of the status; None for a success."""
    named: ProviderError | None = response.extensions.get(FAULT)
    if named is not None:
        return traced(named, response)
    if response.is_success:
        return None
    status, wait = response.status_code, pauses.seconds_asked(response)
    if status == 429:
        error: ProviderError = ProviderRateLimited(retry_after=wait)
    elif status >= 500:
        error = ProviderUnavailable(retry_after=wait)
    elif status == 401:
        error = ConsentEnded()
    elif status == 402:
        error = PaymentRequired()
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


def xml(response: httpx.Response) -> Element:
    """The root of an XML body. Raises ProviderUnreadable, also for one with a document type."""
    try:
        root: Element = fromstring(response.content, forbid_dtd=True)
    except (ParseError, defusedxml.DefusedXmlException, ValueError, LookupError):
        logger.warning("An answer is no XML that could be read.")
        raise traced(ProviderUnreadable(), response) from None
    return root


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value


class BearerAuth(GrantAuth):
    """Authorises requests with an access token that is not stored yet."""

    def __init__(self, access_token: str, dpop_key: str = "") -> None:
        super().__init__({ACCESS: access_token}, Placement(bearer=ACCESS, dpop_key=dpop_key))
