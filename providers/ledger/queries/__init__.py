"""Reads of the ledger: one function per question, the person first."""

from providers.ledger.queries.accounts import account, accounts, balances
from providers.ledger.queries.cash_flow import CashFlow, cash_flow
from providers.ledger.queries.currencies import currencies
from providers.ledger.queries.holdings import holdings
from providers.ledger.queries.investments import investments
from providers.ledger.queries.net_worth import NetWorth, net_worth
from providers.ledger.queries.transactions import transaction, transactions

__all__ = [
    "CashFlow",
    "NetWorth",
    "account",
    "accounts",
    "balances",
    "cash_flow",
    "currencies",
    "holdings",
    "investments",
    "net_worth",
    "transaction",
    "transactions",
]
