"""Accounts and what they hold: balances, transactions, holdings."""

from providers.ledger.models.account import BalanceSnapshot, FinancialAccount
from providers.ledger.models.investment import Holding, Security
from providers.ledger.models.transaction import Transaction, WithdrawnTransaction

__all__ = [
    "BalanceSnapshot",
    "FinancialAccount",
    "Holding",
    "Security",
    "Transaction",
    "WithdrawnTransaction",
]
