"""URLs of the database and the cache: parsed for Django, and refused where the connection would be unencrypted."""

import ipaddress
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TLS_MODES = {"require", "verify-ca", "verify-full"}  # libpq's default, `prefer`, falls back to plain text


def database_settings(url: str, *, name: str = "dashtam") -> dict[str, Any]:
    """The entries of Django's DATABASES for a database's URL; `name` is the database where the URL names none."""
    split = urlsplit(url)
    return {
        "NAME": unquote(split.path.lstrip("/")) or name,
        "USER": unquote(split.username or ""),
        "PASSWORD": unquote(split.password or ""),
        "HOST": _host(split),
        "PORT": split.port or "",
    }


def libpq_options(url: str) -> dict[str, str]:
    """The query of a database's URL: parameters of libpq, such as sslmode."""
    return dict(pair.partition("=")[::2] for pair in urlsplit(url).query.split("&") if pair)


def require_encrypted_database(name: str, url: str, *, plain_hosts: Collection[str]) -> None:
    """Raises ImproperlyConfigured for a database on another machine that is not spoken to through TLS."""
    host = _host(urlsplit(url))
    if not _is_here(host, plain_hosts) and libpq_options(url).get("sslmode") not in TLS_MODES:
        raise ImproperlyConfigured(
            f"{name}: {host} is another machine and would be spoken to in the clear. Add ?sslmode=verify-full "
            f"(and sslrootcert=), or name it in PLAIN_HOSTS if nobody else can listen on the way."
        )


def require_encrypted_cache(name: str, url: str, *, plain_hosts: Collection[str]) -> None:
    """Raises ImproperlyConfigured for a cache on another machine without TLS or without a password."""
    split = urlsplit(url)
    host = "" if split.scheme == "unix" else _host(split)
    if not _is_here(host, plain_hosts) and (split.scheme != "rediss" or not split.password):
        raise ImproperlyConfigured(
            f"{name}: {host} is another machine. Use rediss:// with a password, "
            "or name it in PLAIN_HOSTS if nobody else can listen on the way or reach it."
        )


def _host(url: SplitResult) -> str:
    """A folder of sockets comes percent-encoded in the host, which urlsplit would lower-case."""
    place = url.netloc.rpartition("@")[2]
    return place[1:].partition("]")[0] if place.startswith("[") else unquote(place.partition(":")[0])


def _is_here(host: str, plain_hosts: Collection[str]) -> bool:
    """Return True for this machine (socket or loopback) and for the hosts of PLAIN_HOSTS."""
    if host in {"", "localhost", *plain_hosts} or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_origin(name: str, value: str) -> str:
    """One origin (RFC 6454): scheme, host and perhaps a port, no pattern. Raises ImproperlyConfigured."""
    if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", value):
        raise ImproperlyConfigured(
            f"{name} holds {value!r}, which is no origin such as https://app.example.org."
        )
    return value
