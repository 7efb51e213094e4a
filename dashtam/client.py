"""Where a request comes from."""

import contextvars
import functools
import ipaddress

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PREFIXES = {4: 24, 6: 48}  # what a household or an office shares: where from, not who

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


@functools.lru_cache(maxsize=4096)
def network_of(ip: str) -> str:
    """The network that an address belongs to, `203.0.113.0/24`; empty for none."""
    if not ip:
        return ""
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network(f"{address}/{PREFIXES[address.version]}", strict=False))


def user_agent(request: HttpRequest) -> str:
    """What the client calls itself, without what a log or a page could stumble over."""
    return "".join(filter(str.isprintable, request.META.get("HTTP_USER_AGENT", "")))


@functools.lru_cache(maxsize=8)
def _networks(names: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(name.strip(), strict=False) for name in names)


@functools.lru_cache(maxsize=4096)
def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None
