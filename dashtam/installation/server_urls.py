"""Where the servers are: reads their URLs, and refuses those that would be spoken to in the clear."""

import ipaddress
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TLS_MODES = {"require", "verify-ca", "verify-full"}  # libpq's default, `prefer`, gives way to whoever asks


def database(url: str) -> dict[str, Any]:
    """A database's URL in Django's terms."""
    parts = urlsplit(url)
    return {
        "NAME": unquote(parts.path.lstrip("/")) or "dashtam",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": _host(parts),
        "PORT": parts.port or "",
    }


def options(url: str) -> dict[str, str]:
    """What a database's URL asks for beside: libpq's own words, such as sslmode."""
    return dict(pair.partition("=")[::2] for pair in urlsplit(url).query.split("&") if pair)


def refuse_plain_database(name: str, url: str, *, plain_hosts: Collection[str]) -> None:
    """Raises ImproperlyConfigured for a database on another machine that is not spoken to through TLS."""
    host = _host(urlsplit(url))
    if not _is_here(host, plain_hosts) and options(url).get("sslmode") not in TLS_MODES:
        raise ImproperlyConfigured(
            f"{name}: {host} is another machine and would be spoken to in the clear. Add ?sslmode=verify-full "
            f"(and sslrootcert=), or name it in PLAIN_HOSTS if nobody else can listen on the way."
        )


def refuse_plain_cache(name: str, url: str, *, plain_hosts: Collection[str]) -> None:
    """Raises ImproperlyConfigured for a cache on another machine without TLS or without a password."""
    parts = urlsplit(url)
    host = "" if parts.scheme == "unix" else _host(parts)
    if not _is_here(host, plain_hosts) and (parts.scheme != "rediss" or not parts.password):
        raise ImproperlyConfigured(
            f"{name}: {host} is another machine. Use rediss:// with a password, "
            "or name it in PLAIN_HOSTS if nobody else can listen on the way or reach it."
        )


def _host(parts: SplitResult) -> str:
    """A folder of sockets comes percent-encoded in the host, which urlsplit would lower-case."""
    place = parts.netloc.rpartition("@")[2]
    return place[1:].partition("]")[0] if place.startswith("[") else unquote(place.partition(":")[0])


def _is_here(host: str, plain_hosts: Collection[str]) -> bool:
    """Whether it is this machine, by socket or loopback, or a host that we are told to trust the way to."""
    if host in {"", "localhost", *plain_hosts} or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def exact(name: str, value: str) -> str:
    """One origin (RFC 6454): scheme, host and perhaps a port, no pattern. Raises ImproperlyConfigured."""
    if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", value):
        raise ImproperlyConfigured(
            f"{name} holds {value!r}, which is no origin such as https://app.example.org."
        )
    return value
