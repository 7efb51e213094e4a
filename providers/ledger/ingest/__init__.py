"""Provider records into rows: each function is one database transaction, and may be given the same page again."""

from providers.ledger.ingest.accounts import apply_accounts, apply_balance, apply_balances
from providers.ledger.ingest.history import forget_history, rebuild_history
from providers.ledger.ingest.holdings import apply_holdings, describe_securities
from providers.ledger.ingest.transactions import upsert_transactions
from providers.ledger.observations.carrying import Counts

__all__ = [
    "Counts",
    "apply_accounts",
    "apply_balance",
    "apply_balances",
    "apply_holdings",
    "describe_securities",
    "forget_history",
    "rebuild_history",
    "upsert_transactions",
]
