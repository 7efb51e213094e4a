"""The client of a request: its IP, network and user agent."""

import contextvars
import functools
import ipaddress
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PREFIXES = {4: 24, 6: 48}  # where from, not who
MOST_HOPS = 20
LONGEST_IP = 64  # an IPv6 address with its zone
LONGEST_USER_AGENT = 512
PRESENT_HEADERS = ("Accept", "Accept-Language", "Accept-Encoding", "Referer")

# The client's IP of the request being served, for logs and the audit; empty in background work.
request_ip: contextvars.ContextVar[str] = contextvars.ContextVar("request_ip", default="")


def client_ip(request: HttpRequest) -> str | None:
    """The nearest IP that is not one of TRUSTED_PROXIES; X-Forwarded-For counts from those proxies only."""
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", MOST_HOPS)
    nearest = _parsed(request.META.get("REMOTE_ADDR") or "")
    while nearest is not None and hops and _is_proxy(nearest):
        before = _parsed(hops.pop())
        if before is None:
            break
        nearest = before
    return str(nearest) if nearest else None


def distrust(request: HttpRequest) -> None:
    """Take X-Forwarded-Proto away unless the peer itself is one of TRUSTED_PROXIES: Django believes it from any."""
    peer = _parsed(request.META.get("REMOTE_ADDR") or "")
    if peer is None or not _is_proxy(peer):
        request.META.pop("HTTP_X_FORWARDED_PROTO", None)


def _is_proxy(address: IP) -> bool:
    return any(address in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


def comes_from(request: HttpRequest, networks: Sequence[str]) -> bool:
    """Return True if the request comes from one of these networks, each like `10.8.0.0/16`."""
    address = _parsed(client_ip(request) or "")
    return address is not None and any(address in network for network in _networks(tuple(networks)))


@functools.lru_cache(maxsize=4096)
def network_of(ip: str) -> str:
    """The network of an IP, `203.0.113.0/24`, as much of it as is stored; empty for none."""
    address = _parsed(ip)
    return _around(address, PREFIXES[address.version]) if address else ""


@functools.lru_cache(maxsize=4096)
def customer_of(ip: str) -> str:
    """The part of an IP that one customer of a network has: all of IPv4, 64 bits of IPv6; empty for none."""
    address = _parsed(ip)
    return _around(address, 64) if address and address.version == 6 else str(address or "")


def user_agent(request: HttpRequest) -> str:
    """The User-Agent header without unprintable characters."""
    return "".join(filter(str.isprintable, request.META.get("HTTP_USER_AGENT", "")[:LONGEST_USER_AGENT]))


def present(request: HttpRequest) -> dict[str, str]:
    """The client as an institution may ask for it while its person waits: address, agent, and what it accepts."""
    headers = {name: request.headers.get(name, "")[:LONGEST_USER_AGENT] for name in PRESENT_HEADERS}
    found = {"Address": client_ip(request) or "", "User-Agent": user_agent(request)} | headers
    return {name: "".join(filter(str.isprintable, value)) for name, value in found.items() if value}


@functools.lru_cache(maxsize=8)
def _networks(names: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(name.strip(), strict=False) for name in names)


def _around(ip: IP, bits: int) -> str:
    return str(ipaddress.ip_network((ip, bits), strict=False))


def _parsed(text: str) -> IP | None:
    """The parsed IP; for an IPv4 client on an IPv6 socket, its IPv4 one."""
    return _parsed_ip(text) if len(text) <= LONGEST_IP else None


@functools.lru_cache(maxsize=4096)
def _parsed_ip(text: str) -> IP | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
