"""Records that connectors and formats produce: frozen, plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

AccountType = Literal["depository", "credit", "loan", "investment", "other"]
Capability = Literal["accounts", "balances", "balance_history", "transactions", "holdings"]


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account as the provider has it now."""

    id: str
    name: str
    mask: str
    type: AccountType
    subtype: str
    currency: str
    current: Decimal | None
    available: Decimal | None
    limit: Decimal | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class AccountRef:
    """The account of a request: the provider's id, and the type, which may decide signs."""

    id: str
    type: AccountType


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """A transaction. `replaced_pending_id` names the pending row that this posted one came from.

    `kind` is a value of Kind; `source_code` is the provider's own word. `quantity` is the change in units:
    negative for units that were sold or delivered.
    """

    id: str
    date: date
    posted_at: datetime | None
    status: Literal["pending", "posted"]
    amount: Decimal
    currency: str
    description: str
    kind: str
    source_code: str = ""
    category: str = ""
    security_id: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    fees: Decimal | None = None
    replaced_pending_id: str = ""


@dataclass(frozen=True, slots=True)
class TransactionsPage:
    """A page of an account's change feed. Rows and `next_cursor` are to be committed together."""

    added: Sequence[TransactionRecord]
    modified: Sequence[TransactionRecord]
    removed: Sequence[str]
    next_cursor: str
    has_more: bool


@dataclass(frozen=True, slots=True)
class SecurityRecord:
    """An instrument as the provider names it."""

    id: str
    symbol: str
    name: str
    type: str
    cusip: str
    isin: str
    currency: str


@dataclass(frozen=True, slots=True)
class HoldingRecord:
    """A holding; `cost_basis` is of the whole holding, not per unit."""

    security_id: str
    quantity: Decimal
    price: Decimal | None
    market_value: Decimal | None
    cost_basis: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class HoldingsRecord:
    """All holdings of an account at one moment."""

    as_of: datetime
    holdings: Sequence[HoldingRecord]
    securities: Sequence[SecurityRecord]


@dataclass(frozen=True, slots=True)
class BalanceRecord:
    """An account's balance at the end of a day."""

    date: date
    current: Decimal
    available: Decimal | None


class Kind(StrEnum):
    """The kind of a transaction; `source_code` keeps the provider's own word beside it."""

    BUY = "buy"
    SELL = "sell"
    DIVIDEND = "dividend"
    CAPITAL_GAIN = "capital_gain"
    REINVESTMENT = "reinvestment"
    RETURN_OF_CAPITAL = "return_of_capital"
    INTEREST = "interest"
    TAX = "tax"
    FEE = "fee"
    CASH_IN = "cash_in"
    CASH_OUT = "cash_out"
    JOURNAL = "journal"
    TRANSFER = "transfer"
    SPLIT = "split"
    MERGER = "merger"
    OPTION = "option"
    PAYMENT = "payment"
    PURCHASE = "purchase"
    DEBIT = "debit"
    DEPOSIT = "deposit"
    CREDIT = "credit"
    CHECK = "check"
    ATM = "atm"
    UNKNOWN = "unknown"
