"""All models of the app, in the module where Django looks for them."""

from providers.connections.models import (
    AuthorizationRequest,
    Connection,
    DeletedAccount,
    PendingRevocation,
    ProviderToken,
)
from providers.imports.arriving.layouts import TableLayout
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
    "AccountFingerprint",
    "AuthorizationRequest",
    "BalanceSnapshot",
    "Connection",
    "Decision",
    "DeletedAccount",
    "Delivery",
    "Edit",
    "ExchangeRate",
    "FileImport",
    "FinancialAccount",
    "Holding",
    "ImportPart",
    "ImportedRows",
    "ImportedState",
    "LedgerSettings",
    "Observation",
    "PendingRevocation",
    "ProviderToken",
    "Question",
    "Security",
    "Source",
    "SyncRun",
    "TableLayout",
    "Transaction",
    "WithdrawnTransaction",
]
