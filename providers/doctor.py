"""Checks that the providers are set up."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count

from dashtam.doctor.checkup import Finding, counted, examines
from providers.connections.models import Connection
from providers.connectors import CONNECTORS
from providers.connectors.base import Connector, setting_name


@examines("providers")
def providers(*, full: bool) -> Iterator[Finding]:
    """Every connection has its connector, and every connector what it needs, over https."""
    living = Connection.objects.filter(state__in=Connection.SYNCABLE)
    for row in living.values("provider").annotate(count=Count("id")):
        connector = CONNECTORS.get(row["provider"])
        if connector is None or not connector.configured:
            name = connector.name if connector else repr(row["provider"])
            what = counted(row["count"], "One connection is", "{} connections are")
            yield Finding(
                f"{what} to {name}, which is not set up here: configure it again, or have its"
                " connections ended."
            )
    for connector in CONNECTORS.values():
        if not connector.by_person and connector.configured:
            yield from _insecure_urls(connector)
        yield from _half_set_up(connector)
    yield from _sandbox()


def _insecure_urls(connector: Connector) -> Iterator[Finding]:
    urls = {connector.base_url, *connector.hosts}
    if connector.auth == "oauth2":
        server = connector.oauth
        urls |= {server.token_endpoint, server.authorization_endpoint, server.revocation_endpoint or ""}
    for url in sorted(urls - {""}):
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in settings.PRIVATE_HOSTS:
            yield Finding(
                f"{connector.name} is called at {parts.scheme}://{parts.netloc}, without TLS: give it an https address."
            )


def _half_set_up(connector: Connector) -> Iterator[Finding]:
    """Keys that belong together are all there, or none of them. Sandbox Bank takes one of two."""
    keys = [name for name, default in connector.setting_defaults.items() if not default and name != "URL"]
    there = [setting_name(connector.slug, name) for name in keys if connector.setting(name)]
    missing = [setting_name(connector.slug, name) for name in keys if not connector.setting(name)]
    if there and missing and connector.slug != "sandbox":
        is_ = "is" if len(missing) == 1 else "are"
        yield Finding(
            f"{connector.name}: {' and '.join(there)} opens nothing without {' and '.join(missing)}, which {is_} not"
            " set: set all of them, or none."
        )
    if "COUNTRIES" in connector.setting_defaults:
        codes = [code.strip() for code in connector.setting("COUNTRIES").split(",")]
        if not all(re.fullmatch("[A-Z]{2}", code) for code in codes):
            name = setting_name(connector.slug, "COUNTRIES")
            yield Finding(f"{name} holds what is no code of a country: write it like US,CA,GB.")


def _sandbox() -> Iterator[Finding]:
    sandbox = CONNECTORS["sandbox"]
    if sandbox.base_url and not sandbox.configured:
        yield Finding(
            "SANDBOX_URL is set but SANDBOX_CLIENT_SECRET is not, so Sandbox Bank is not offered: set both, or neither."
        )
    elif sandbox.base_url and settings.PUBLIC_URL.startswith("https:"):
        text = "Sandbox Bank is offered to everyone here: leave SANDBOX_URL empty where people connect real accounts."
        yield Finding(text, trouble=False)
