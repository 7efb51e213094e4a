"""All models of the app, in the module where Django looks for them."""

from providers.connections.models import AuthorizationRequest, Connection, PendingRevocation, ProviderToken
from providers.imports.models import FileImport, ImportPart
from providers.ledger.models import (
    BalanceSnapshot,
    FinancialAccount,
    Holding,
    Security,
    Transaction,
    WithdrawnTransaction,
)
from providers.ledger.observations.models import (
    AccountAlias,
    AccountDoor,
    Decision,
    Delivery,
    Edit,
    LedgerSettings,
    Observation,
    Question,
    Source,
)
from providers.rates.models import ExchangeRate
from providers.sync.models import SyncRun

__all__ = [
    "AccountAlias",
    "AccountDoor",
    "AuthorizationRequest",
    "BalanceSnapshot",
    "Connection",
    "Decision",
    "Delivery",
    "Edit",
    "ExchangeRate",
    "FileImport",
    "FinancialAccount",
    "Holding",
    "ImportPart",
    "LedgerSettings",
    "Observation",
    "PendingRevocation",
    "ProviderToken",
    "Question",
    "Security",
    "Source",
    "SyncRun",
    "Transaction",
    "WithdrawnTransaction",
]
