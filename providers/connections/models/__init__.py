"""Connections, authorization requests, tokens, pending revocations, and accounts that stay away."""

from providers.connections.models.authorization import AuthorizationRequest
from providers.connections.models.call_count import CallCount
from providers.connections.models.connection import Connection
from providers.connections.models.deleted_account import DeletedAccount
from providers.connections.models.revocation import PendingRevocation
from providers.connections.models.token import ProviderToken

__all__ = [
    "AuthorizationRequest",
    "CallCount",
    "Connection",
    "DeletedAccount",
    "PendingRevocation",
    "ProviderToken",
]
