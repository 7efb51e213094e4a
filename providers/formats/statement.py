"""Records of a statement file: plain, frozen, and able to be pickled.

Signs: a positive amount is money into the account, a positive balance is money the person has. Card balances
keep the sign of the file: nearly every bank writes money owed as negative.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import msgspec

from providers.records import AccountType, Kind

# One OFX row that stands for two opposite transactions, or moves money between parts of the same account.
CASH_NEUTRAL = frozenset({Kind.REINVESTMENT, Kind.JOURNAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """The institution that issued the file: SIGNON FI/ORG and FI/FID, and Intuit's INTU.BID."""

    name: str | None = None
    fid: str | None = None
    intuit_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementAccount:
    """The account as the file names it; `account_id` is the full number, empty when the file gives none.

    `name` is what the account is called in the file: where it has no number, its accounts are told apart by that.
    """

    account_id: str
    bank_id: str | None = None
    branch_id: str | None = None
    type: AccountType
    subtype: str | None = None
    currency: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """A security, joined from SECID and the file's SECLIST."""

    unique_id: str
    id_type: str
    symbol: str | None = None
    name: str | None = None
    type: str | None = None

    @property
    def cusip(self) -> str | None:
        """The CUSIP, where the file identifies by CUSIP."""
        return self.unique_id if self.id_type == "CUSIP" else None

    @property
    def isin(self) -> str | None:
        """The ISIN, where the file identifies by ISIN."""
        return self.unique_id if self.id_type == "ISIN" else None


class StatementTransaction(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One row, a Struct because a file has a hundred thousand of them.

    `identity` is unique within the statement and the same in every file that holds the row.

    `date` is the calendar day the file shows. `posted_at` is UTC: a time without a zone is UTC (OFX 3.2.8), a
    day without a time is noon UTC, which is the same calendar day from UTC-12 to UTC+11.
    `amount` of a reinvestment is what was reinvested, of a journal what was moved; see `cash_effect`.
    `original_amount` is computed from CURRATE and rounded to cents; the file holds only the rate.
    `split` is (numerator, denominator): (4, 1) turns one share into four.
    `status` is pending where the institution has not booked the row yet. `category` is the file's own word.
    """

    fitid: str | None
    identity: str = ""
    occurrence: int = 0
    date: dt.date
    posted_at: dt.datetime
    amount: Decimal
    currency: str | None
    original_currency: str | None = None
    original_amount: Decimal | None = None
    exchange_rate: Decimal | None = None
    description: str
    kind: Kind
    source_code: str
    check_number: str | None = None
    reference: str | None = None
    security: Security | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    fees: Decimal | None = None
    taxes: Decimal | None = None
    split: tuple[Decimal, Decimal] | None = None
    settled_on: dt.date | None = None
    sub_account: str | None = None
    correct_fitid: str | None = None
    correct_action: str | None = None
    reversal_fitid: str | None = None
    status: Literal["pending", "posted"] = "posted"
    category: str = ""
    line: int

    @property
    def symbol(self) -> str | None:
        """The ticker of the security, from SECLIST."""
        return self.security.symbol if self.security else None

    @property
    def cash_effect(self) -> Decimal:
        """How much the cash of the account changed: zero for reinvestments and journals."""
        return Decimal(0) if self.kind in CASH_NEUTRAL else self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementHolding:
    """A holding. Short positions have a negative quantity and market value.

    `average_cost` is AVGCOSTBASIS as written: brokers differ on whether it is per unit or for the position.
    `exchange_rate` is how much of the account's currency one unit of `currency` is, where these differ.
    """

    security: Security
    quantity: Decimal
    price: Decimal | None = None
    market_value: Decimal | None = None
    average_cost: Decimal | None = None
    currency: str | None = None
    price_as_of: dt.datetime | None = None
    exchange_rate: Decimal | None = None
    sub_account: str | None = None
    line: int


@dataclass(frozen=True, slots=True)
class DayBalance:
    """The booked balance at the end of a day, as the file states it."""

    date: dt.date
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One account's transactions, holdings and balances over one period.

    `opening_balance` is the balance before the first row, at the end of `opening_date` or in the course of it: formats
    differ. `balances` are the closing balances of the days before the last one, oldest first, where a file states them.

    `balance_date` is the day of the balance as the file shows it, in the zone the file names; `balance_as_of` is UTC.
    `lists_holdings` is False where the file has no list of holdings; an empty list says that nothing is held.
    `unread_holdings` counts the holdings of the list that were rejected. `stated_value` is the value of an investment
    account where the file states it as a whole. `sample` has identities of some rows where these are told apart.
    """

    account: StatementAccount
    institution: Institution = Institution()
    start: dt.date | None = None
    end: dt.date | None = None
    opening_balance: Decimal | None = None
    opening_date: dt.date | None = None
    balances: tuple[DayBalance, ...] = ()
    ledger_balance: Decimal | None = None
    available_balance: Decimal | None = None
    balance_date: dt.date | None = None
    balance_as_of: dt.datetime | None = None
    sample: tuple[str, ...] = ()
    transactions: tuple[StatementTransaction, ...] = ()
    holdings: tuple[StatementHolding, ...] = ()
    lists_holdings: bool = False
    unread_holdings: int = 0
    stated_value: Decimal | None = None
    cash_balance: Decimal | None = None
    margin_balance: Decimal | None = None
    short_balance: Decimal | None = None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A transaction or holding we refuse to guess at."""

    line: int
    reason: str


# The last three only inform; of what the others name, something was left out.
NoticeCode = Literal[
    "account_error",
    "value_left_out",
    "section_skipped",
    "currency_missing",
    "balance_gap",
    "statement_repeated",
    "not_a_movement",
]
Format = Literal["ofx1", "ofx2", "camt.052", "camt.053", "camt.054", "mt940", "mt942", "qif", "csv", "zip"]


@dataclass(frozen=True, slots=True)
class Notice:
    """A finding about something else than a row: an account refused, a section or a balance that was left out."""

    line: int
    reason: str
    code: NoticeCode


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFile:
    """Everything one file says. Every row of it is in a statement or in `rejected`, never in neither.

    `institution` is the first of the file; each statement has its own.
    Of very many rejected rows or notices the first are kept, and all are counted.
    """

    format: Format
    institution: Institution
    statements: tuple[Statement, ...]
    rejected: tuple[RejectedRow, ...] = ()
    rejected_count: int = 0
    notices: tuple[Notice, ...] = ()
    notices_count: int = 0
