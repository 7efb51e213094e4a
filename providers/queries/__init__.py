"""What a person may see of their connections and data: one function per question, the person first."""

from providers.queries.accounts import account, accounts, balances
from providers.queries.connections import connection, connections, providers_catalogue
from providers.queries.holdings import holdings
from providers.queries.imports import import_, imports
from providers.queries.net_worth import NetWorth, net_worth
from providers.queries.syncs import sync_runs
from providers.queries.transactions import TransactionFilters, transaction, transactions

__all__ = [
    "NetWorth",
    "TransactionFilters",
    "account",
    "accounts",
    "balances",
    "connection",
    "connections",
    "holdings",
    "import_",
    "imports",
    "net_worth",
    "providers_catalogue",
    "sync_runs",
    "transaction",
    "transactions",
]
