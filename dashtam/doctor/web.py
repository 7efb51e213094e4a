"""Examinations of the public URL, the host names and the proxies."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

from dashtam.doctor.checkup import Finding, examines

HERE = {"localhost", "127.0.0.1", "::1"}


@examines("public address")
def public_url(*, full: bool) -> Iterator[Finding]:
    """PUBLIC_URL is https, except on this machine."""
    url = urlsplit(settings.PUBLIC_URL)
    if url.scheme not in ("http", "https") or not url.hostname or url.path:
        yield Finding(
            "PUBLIC_URL is no address like https://dashtam.example.org: set it to the one at which people reach you."
        )
    elif url.scheme == "http" and url.hostname not in HERE:
        yield Finding(
            "PUBLIC_URL is plain http: passwords and cookies travel in the open. Put TLS in front and set it to https."
        )
    elif not (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE) and url.scheme == "https":
        yield Finding(
            "Cookies are not Secure although PUBLIC_URL is https: leave the cookie settings to Dashtam."
        )


@examines("allowed hosts")
def allowed_hosts(*, full: bool) -> Iterator[Finding]:
    """ALLOWED_HOSTS holds no wildcard."""
    for host in settings.ALLOWED_HOSTS:
        if host == "*" or host.startswith("."):
            yield Finding(f"ALLOWED_HOSTS accepts {host!r}: name each host in full.")


@examines("proxies")
def trusted_proxies(*, full: bool) -> Iterator[Finding]:
    """TRUSTED_PROXIES holds networks, and small ones."""
    for name in settings.TRUSTED_PROXIES:
        try:
            network = ipaddress.ip_network(name.strip(), strict=False)
        except ValueError:
            yield Finding(f"TRUSTED_PROXIES: {name!r} is neither an address nor a network. Correct it.")
        else:
            if network.num_addresses > 2**16 and not network.is_private:
                yield Finding(
                    f"TRUSTED_PROXIES trusts {name}, a large part of the internet: name only your own proxies."
                )
    if settings.PUBLIC_URL.startswith("https:") and not settings.TRUSTED_PROXIES:
        yield Finding(
            "PUBLIC_URL is https but TRUSTED_PROXIES is empty: behind a proxy, every request would be redirected"
            " without end. Set it to the proxy's address."
        )
