"""Accounts and what they hold: balances, transactions, holdings."""

from providers.ledger.models.account import BalanceSnapshot, FinancialAccount, Lacks
from providers.ledger.models.investment import Holding, Security
from providers.ledger.models.transaction import Transaction, WithdrawnTransaction

__all__ = [
    "BalanceSnapshot",
    "FinancialAccount",
    "Holding",
    "Lacks",
    "Security",
    "Transaction",
    "WithdrawnTransaction",
]
