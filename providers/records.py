"""Records that connectors and formats produce: frozen, plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal, TypedDict

AccountType = Literal["depository", "credit", "loan", "investment", "other"]
Capability = Literal["accounts", "balances", "balance_history", "transactions", "holdings"]


Lacking = Literal["", "cash", "holdings", "cash_and_holdings"]


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account as the provider has it now.

    `day` is the day of its balance where the institution is; by default that of `as_of` in the zone that `as_of` has.
    `lacks` names what the balance does not count, because the provider does not state it.

    `id` lasts as long as the account does; `handle` is how a request names it today, where that is another word.
    `aliases` prove that it is the same account: hashes of an IBAN or number, or earlier ids. `institution` is the one
    behind an aggregator. `pockets` are balances by unit, where one account holds several.
    """

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
    day: date | None = None
    lacks: Lacking = ""
    handle: str = ""
    aliases: tuple[str, ...] = ()
    institution: str = ""
    pockets: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class AccountRef:
    """The account of a request: the provider's id, and the type, which may decide signs."""

    id: str
    type: AccountType
    handle: str = ""


class Details(TypedDict, total=False):
    """Facts that few transactions have, decimals as text.

    `gross_amount` is what was moved within the account where `amount` is its effect on the cash: of a reinvestment
    the income, of a journal the amount. `original_amount` is in `original_currency`, and `exchange_rate` is how much
    of the account's currency one unit of that is. `split` is `4:1` where one share became four. `event` is the same in
    all rows that are legs of one thing: a trade and its cash, a conversion. `value_date` is the day from which interest
    counts, `balance_after` the balance that the provider states after the row, `merchant_code` is of ISO 18245.
    """

    check_number: str
    reference: str
    original_currency: str
    original_amount: str
    exchange_rate: str
    gross_amount: str
    taxes: str
    split: str
    settled_on: str
    sub_account: str
    event: str
    counterparty: str
    merchant_code: str
    value_date: str
    balance_after: str


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
    details: Details | None = None
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
class LotRecord:
    """Units of a holding that were bought together. None, and "" as `id`, is what the institution does not tell.

    `opened_on` is the day of the purchase where it was made, `opened_at` its moment. `price` was paid for one unit;
    `cost_basis` and `market_value` are of the whole lot. Units of a short position are negative.
    """

    id: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    cost_basis: Decimal | None = None
    market_value: Decimal | None = None
    opened_on: date | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HoldingRecord:
    """A holding; `cost_basis` is of the whole holding, not per unit. `lots` is None where none are told."""

    security_id: str
    quantity: Decimal
    price: Decimal | None
    market_value: Decimal | None
    cost_basis: Decimal | None
    currency: str
    lots: tuple[LotRecord, ...] | None = None


@dataclass(frozen=True, slots=True)
class HoldingsRecord:
    """The holdings of an account at one moment: all of them, if `complete`."""

    as_of: datetime
    holdings: Sequence[HoldingRecord]
    securities: Sequence[SecurityRecord]
    complete: bool = True


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
