"""Where a request comes from."""

import contextvars
import functools
import ipaddress
from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PREFIXES = {4: 24, 6: 48}  # where from, not who

# The address of the request being served, for what is written down about it; empty in background work.
request_ip: contextvars.ContextVar[str] = contextvars.ContextVar("request_ip", default="")


def client_ip(request: HttpRequest) -> str | None:
    """The nearest address that is not one of our own proxies; what others say in X-Forwarded-For is not believed."""
    trusted = _networks(tuple(settings.TRUSTED_PROXIES))
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    nearest = _address(request.META.get("REMOTE_ADDR") or "")
    while nearest is not None and hops and any(nearest in network for network in trusted):
        before = _address(hops.pop())
        if before is None:
            break
        nearest = before
    return str(nearest) if nearest else None


def comes_from(request: HttpRequest, networks: Sequence[str]) -> bool:
    """Whether the request comes from one of these networks, `10.8.0.0/16`."""
    address = _address(client_ip(request) or "")
    return address is not None and any(address in network for network in _networks(tuple(networks)))


@functools.lru_cache(maxsize=4096)
def network_of(ip: str) -> str:
    """The network that an address belongs to, `203.0.113.0/24`, as far as we write it down; empty for none."""
    address = _address(ip)
    return _around(address, PREFIXES[address.version]) if address else ""


@functools.lru_cache(maxsize=4096)
def customer_of(ip: str) -> str:
    """The part of an address that one customer of a network has: all of IPv4, 64 bits of IPv6; empty for none."""
    address = _address(ip)
    return _around(address, 64) if address and address.version == 6 else str(address or "")


def user_agent(request: HttpRequest) -> str:
    """What the client calls itself, without what a log or a page could stumble over."""
    return "".join(filter(str.isprintable, request.META.get("HTTP_USER_AGENT", "")))


@functools.lru_cache(maxsize=8)
def _networks(names: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(name.strip(), strict=False) for name in names)


def _around(address: Address, bits: int) -> str:
    return str(ipaddress.ip_network((address, bits), strict=False))


@functools.lru_cache(maxsize=4096)
def _address(text: str) -> Address | None:
    """The address; of an IPv4 client on an IPv6 socket, its IPv4 address."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
