"""Outbound HTTP transport: checked IPs (against SSRF), a deadline, answers of bounded size.

httpx has no deadline for a whole exchange and no cap on an answer, and a host that a person names could be one of
our own network. The transport deals with all three, so that no caller can forget them. Redirects and the proxies
of the environment are ignored: httpx follows and uses them only where it is told to.
"""

import asyncio
import functools
import importlib.util
import ipaddress
import ssl
import sys
from typing import cast

import httpx
from django.conf import settings

from dashtam.bridge.doors import look_up

TIMEOUT = httpx.Timeout(10, connect=3)
LOOKUP_SECONDS = 5
MOST_ADDRESSES = 4
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# httpcore tries to import sniffio for each of its locks, a dozen times a call. Where it is not installed, each try
# searches all folders of sys.path anew; None stands for a module that is known not to be there.
if importlib.util.find_spec("sniffio") is None:
    cast("dict[str, object]", sys.modules)["sniffio"] = None


class AddressRefused(httpx.ConnectError):
    """The host is not on the public internet, or not behind TLS. No byte was sent."""


class AnswerRefused(httpx.RemoteProtocolError):
    """The answer is too large, or compressed unasked, so that its size is unknown."""


@functools.cache
def tls() -> ssl.SSLContext:
    """Checks certificates and names. Reading the authorities' certificates takes 20 ms: once."""
    return httpx.create_ssl_context(trust_env=False)


class Outbound(httpx.AsyncBaseTransport):
    """Raises httpx.TransportErrors, and TimeoutError when `deadline` seconds are over, lookup included.

    A host is looked up once, checked, and from then on spoken to at that address only: a name server that
    answers differently the next time (DNS rebinding) has no effect. Certificate and Host still are those of the name.
    """

    def __init__(self, *, deadline: float, largest: int, context: ssl.SSLContext | None = None) -> None:
        self.deadline = deadline
        self.largest = largest
        self.wire = httpx.AsyncHTTPTransport(verify=context or tls(), trust_env=False)
        self.pinned: dict[tuple[str, int], list[str]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange, with the whole body."""
        async with asyncio.timeout(self.deadline):
            response = await self._connected(request)
            try:
                body = await self._read(response)
            finally:
                await response.aclose()
        return httpx.Response(response.status_code, headers=response.headers, content=body)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    async def _connected(self, request: httpx.Request) -> httpx.Response:
        """The answer of the first address that can be reached; the others have been sent no byte."""
        where = request.url.host, request.url.port or {"http": 80, "https": 443}[request.url.scheme]
        if where not in self.pinned:
            self.pinned[where] = await checked_addresses(request.url, where[1])
        *spare, last = self.pinned[where]
        for address in spare:
            try:
                return await self.wire.handle_async_request(_at(address, request))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        try:
            return await self.wire.handle_async_request(_at(last, request))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            del self.pinned[where]  # it may have moved: looked up and checked anew the next time
            raise

    async def _read(self, response: httpx.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise AnswerRefused("compressed")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self.largest:
                raise AnswerRefused("too large")
        return bytes(body)


async def checked_addresses(url: httpx.URL, port: int) -> list[str]:
    """The IPs at which this host may be called. Raises AddressRefused, and ConnectErrors for unknown names."""
    trusted = url.host in settings.PRIVATE_HOSTS
    if url.scheme != "https" and not trusted:
        raise AddressRefused("not https")
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            addresses = await look_up(url.host, port)
    except TimeoutError as error:
        raise httpx.ConnectTimeout(
            "lookup"
        ) from error  # a ConnectTimeout tells the caller that no request was sent
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError("unknown host") from error
    if not trusted and not all(map(is_public, addresses)):
        raise AddressRefused("not a public address")
    return addresses[:MOST_ADDRESSES]


def is_public(text: str) -> bool:
    """Return True for an IP of the public internet, in any notation, IPv4 in IPv6 included."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
        if address.ipv4_mapped or address.sixtofour or address.teredo or address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _at(address: str, request: httpx.Request) -> httpx.Request:
    """The same request to this IP. The name stays in Host, and in the handshake and its certificate."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
