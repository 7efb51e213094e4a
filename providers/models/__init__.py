"""All models of the app, in the module where Django looks for them."""

from providers.connections.models import (
    AuthorizationRequest,
    Connection,
    DeletedAccount,
    PendingRevocation,
    ProviderToken,
)
from providers.imports.fingerprints import AccountFingerprint
from providers.imports.models import FileImport, ImportPart
from providers.imports.provenance import ImportedRows, ImportedState
from providers.ledger.models import (
    BalanceSnapshot,
    FinancialAccount,
    Holding,
    Security,
    Transaction,
    WithdrawnTransaction,
)
from providers.rates.models import ExchangeRate
from providers.sync.models import SyncRun

__all__ = [
    "AccountFingerprint",
    "AuthorizationRequest",
    "BalanceSnapshot",
    "Connection",
    "DeletedAccount",
    "ExchangeRate",
    "FileImport",
    "FinancialAccount",
    "Holding",
    "ImportPart",
    "ImportedRows",
    "ImportedState",
    "PendingRevocation",
    "ProviderToken",
    "Security",
    "SyncRun",
    "Transaction",
    "WithdrawnTransaction",
]
