"""Connections to institutions, and the data that comes back."""

from providers.models.account import BalanceSnapshot, FinancialAccount
from providers.models.authorization import AuthorizationRequest
from providers.models.connection import Connection
from providers.models.investment import Holding, Security
from providers.models.revocation import PendingRevocation
from providers.models.statement import FileImport
from providers.models.sync import SyncRun
from providers.models.token import ProviderToken
from providers.models.transaction import Transaction, WithdrawnTransaction

__all__ = [
    "AuthorizationRequest",
    "BalanceSnapshot",
    "Connection",
    "FileImport",
    "FinancialAccount",
    "Holding",
    "PendingRevocation",
    "ProviderToken",
    "Security",
    "SyncRun",
    "Transaction",
    "WithdrawnTransaction",
]
