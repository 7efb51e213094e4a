"""Checks and reads of linking: linkable connectors, the callback's issuer, the subject, and the consent's end."""

from datetime import datetime, timedelta

from django.utils import timezone

from providers import connectors
from providers.connectors.base import Connector
from providers.errors import (
    AuthorizationDenied,
    AuthorizationFailed,
    AuthorizationInvalid,
    ConsentEnded,
    NotSupported,
    ProviderNotConfigured,
    ProviderTakesFiles,
)
from providers.wire import client_auth, http
from providers.wire.oauth import TokenResponse
from providers.wire.oauth_server import OAuthServer


def linkable(provider: str) -> Connector:
    """The connector, if people can link it here. Raises UnknownProvider, ProviderTakesFiles, ProviderNotConfigured."""
    connector = connectors.get(provider)
    if connector.auth == "file":
        raise ProviderTakesFiles
    if connector.auth != "oauth2":
        raise NotSupported
    if not connector.configured:
        raise ProviderNotConfigured
    return connector


def check_answer(server: OAuthServer, code: str | None, iss: str | None, error: str | None) -> None:
    """Check the callback's parameters, `iss` first (RFC 9207 §2.4).

    Raises AuthorizationInvalid, AuthorizationDenied, AuthorizationFailed.
    """
    if (iss is not None or server.sends_issuer) and iss != server.issuer:
        raise AuthorizationInvalid
    if error == "access_denied":
        raise AuthorizationDenied
    if error is not None or not code:
        raise AuthorizationFailed


async def fetch_subject(connector: Connector, tokens: TokenResponse) -> str:
    """The provider's id of the person who has consented; empty where it has none. Raises ProviderErrors."""
    try:
        server = connector.oauth
        auth = http.BearerAuth(tokens.access_token, server.dpop_key)
        async with http.client(connector.base_url, auth, context=client_auth.tls(server)) as client:
            return await connector.fetch_subject(client)
    except NotSupported:
        return ""
    except ConsentEnded as refused:
        raise AuthorizationFailed from refused


def consent_end(connector: Connector, tokens: TokenResponse) -> datetime | None:
    """The end of the consent, from the token response or the provider's rules; None if unknown."""
    days = connector.oauth.consent_lifetime_days
    if tokens.consent_expires_at is None and days is not None:
        return timezone.now() + timedelta(days=days)
    return tokens.consent_expires_at
