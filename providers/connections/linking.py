"""What linking asks of a provider: may it be linked, who answers, who has consented, and until when."""

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
    """Who answers (RFC 9207 §2.4) comes before what is answered."""
    if (iss is not None or server.sends_issuer) and iss != server.issuer:
        raise AuthorizationInvalid
    if error == "access_denied":
        raise AuthorizationDenied
    if error is not None or not code:
        raise AuthorizationFailed


async def fetch_subject(connector: Connector, tokens: TokenResponse) -> str:
    """Who the provider says has consented; empty where it does not say."""
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
    """When the consent ends, by the provider's word or its rules."""
    days = connector.oauth.consent_lifetime_days
    if tokens.consent_expires_at is None and days is not None:
        return timezone.now() + timedelta(days=days)
    return tokens.consent_expires_at
