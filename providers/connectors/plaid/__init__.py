"""Plaid, with an installation's own keys: one Item is one connection."""

from providers.connectors.plaid.connector import PlaidConnector

__all__ = ["PlaidConnector"]
