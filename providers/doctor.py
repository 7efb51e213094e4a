"""Checks that the providers are set up."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count

from dashtam.doctor.checkup import Finding, counted, examines
from providers.connections.models import Connection
from providers.connectors import CONNECTORS
from providers.connectors.base import Connector


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


def _sandbox() -> Iterator[Finding]:
    sandbox = CONNECTORS["sandbox"]
    if sandbox.base_url and not sandbox.configured:
        yield Finding(
            "SANDBOX_URL is set but SANDBOX_CLIENT_SECRET is not, so Sandbox Bank is not offered: set both, or neither."
        )
    elif sandbox.base_url and settings.PUBLIC_URL.startswith("https:"):
        text = "Sandbox Bank is offered to everyone here: leave SANDBOX_URL empty where people connect real accounts."
        yield Finding(text, trouble=False)
