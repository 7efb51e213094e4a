"""Connections, authorization requests, tokens, and pending revocations."""

from providers.connections.models.authorization import AuthorizationRequest
from providers.connections.models.connection import Connection
from providers.connections.models.revocation import PendingRevocation
from providers.connections.models.token import ProviderToken

__all__ = ["AuthorizationRequest", "Connection", "PendingRevocation", "ProviderToken"]
