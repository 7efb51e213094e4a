"""The database, the cache and the mail server: parsed for Django, and refused where nothing would be encrypted."""

import ipaddress
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TLS_MODES = {"require", "verify-ca", "verify-full"}  # libpq's default, `prefer`, falls back to plain text

SMTP_PORTS = {"starttls": 587, "tls": 465, "none": 25}  # RFC 6409 §3.1, RFC 8314 §7.3, RFC 5321 §4.5.4.2


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


def require_encrypted_mail(host: str, security: str, *, plain_hosts: Collection[str]) -> None:
    """Raises ImproperlyConfigured without a mail server, and for one on another machine without TLS."""
    if not host:
        raise ImproperlyConfigured("EMAIL_PROVIDER=smtp needs SMTP_HOST, the name of your mail server.")
    if security not in SMTP_PORTS:
        raise ImproperlyConfigured("SMTP_SECURITY must be `starttls`, `tls` or `none`.")
    if security == "none" and not _is_here(host, plain_hosts):
        raise ImproperlyConfigured(
            f"SMTP_HOST: {host} is another machine and would be spoken to in the clear. Set SMTP_SECURITY to "
            "`starttls` or `tls`, or name it in PLAIN_HOSTS if nobody else can listen on the way."
        )


def require_issuer(issuer: str, client_id: str, *, plain_hosts: Collection[str]) -> None:
    """Raises ImproperlyConfigured for an issuer that is no https URL, except on this machine or a named host."""
    split = urlsplit(issuer)
    here = split.scheme == "http" and _is_here(split.hostname or "-", plain_hosts)
    if not (split.scheme == "https" or here) or not split.hostname or split.query or split.fragment:
        raise ImproperlyConfigured("OIDC_ISSUER must be an https URL, exactly as the provider writes it.")
    if not client_id:
        raise ImproperlyConfigured(
            "OIDC_ISSUER needs OIDC_CLIENT_ID, under which the provider knows Dashtam."
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
