"""Clients for the steps of access: to a connector's own origins, and to addresses that a person or a grant names."""

import httpx
from django.conf import settings

from providers.connectors.base import Connector
from providers.errors import AddressRefused, NotSupported
from providers.wire import client_auth, http
from providers.wire.grants import Grant
from providers.wire.placing import GrantAuth

LONGEST = 500


def reach(connector: Connector, url: str = "", grant: Grant | None = None) -> httpx.AsyncClient:
    """A client as `contract.steps.Reach` promises it. Raises AddressRefused, NotSupported."""
    own = _own(connector)
    base_url = url or address(connector, grant)
    secrets = {
        **(grant.secrets if grant else {}),
        **(connector.own_secrets if _origin(base_url) in own else {}),
    }
    auth = GrantAuth(secrets, connector.placement, partly=grant is None) if secrets or grant else None
    return opened(connector, base_url, auth)


def opened(connector: Connector, base_url: str, auth: httpx.Auth | None) -> httpx.AsyncClient:
    """A client that reaches this address, and the connector's `hosts`."""
    own = _origin(base_url) in _own(connector)
    return http.client(
        base_url if own else foreign(base_url),
        auth,
        context=client_auth.with_certificate(connector.placement.certificate),
        hosts=connector.hosts,
        fault=connector.fault,
        provider=connector.slug if own else "",
    )


def address(connector: Connector, grant: Grant | None) -> str:
    """The grant's own address, else the connector's. Raises NotSupported where there is none."""
    found = (grant.origin if grant else "") or connector.base_url
    if not found:
        raise NotSupported
    return found


def foreign(url: str) -> str:
    """An address that a stranger names, without its last slash. Raises AddressRefused for one that may not be called.

    The transport looks at the IPs behind the name, at each connection (`dashtam/outbound.py`).
    """
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        raise AddressRefused from None
    plain = parts.scheme == "http" and parts.host in settings.PRIVATE_HOSTS
    if not parts.host or len(url) > LONGEST or not (parts.scheme == "https" or plain):
        raise AddressRefused
    if parts.userinfo or parts.query or parts.fragment:
        raise AddressRefused
    return url.rstrip("/")


def _own(connector: Connector) -> set[str]:
    try:
        return {_origin(url) for url in (connector.base_url, *connector.hosts) if url}
    except NotSupported:
        return set()


def _origin(url: str) -> str:
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        return ""
    return f"{parts.scheme}://{parts.netloc.decode()}"
