"""Sandbox Bank's JSON: the members that are read. Anything else is ProviderUnreadable."""

from datetime import date
from typing import Literal

from msgspec import Struct

from providers.connectors.base import AmountText, AwareTime, CurrencyCode, DecimalText, ProviderId


class Customer(Struct):
    """The customer who has agreed."""

    id: ProviderId


class Balance(Struct):
    """The balance of an account; money owed is positive."""

    current: DecimalText
    available: DecimalText | None
    limit: DecimalText | None
    as_of: AwareTime


class Account(Struct):
    """An account."""

    id: ProviderId
    nickname: str
    official_name: str
    number_last4: str
    kind: str
    currency: CurrencyCode
    balance: Balance
    number_hash: ProviderId | None = None


class Accounts(Struct):
    """`GET /accounts`."""

    accounts: list[Account]


class Row(Struct):
    """A transaction. Its amount has no sign: the direction says which way the money went."""

    id: ProviderId | None
    posted_on: date | None
    transacted_at: AwareTime
    state: Literal["PENDING", "POSTED"]
    amount: AmountText
    direction: Literal["CREDIT", "DEBIT"]
    currency: CurrencyCode
    description: str
    type: str
    pending_id: ProviderId | None
    category: str
    security_id: ProviderId | None
    units: AmountText | None
    unit_price: AmountText | None
    fees: AmountText | None


class Removed(Struct):
    """A row that is gone."""

    id: ProviderId


class Feed(Struct):
    """`GET /accounts/{id}/transactions`."""

    added: list[Row]
    modified: list[Row]
    removed: list[Removed]
    next_cursor: ProviderId
    has_more: bool


class Lot(Struct):
    """Units that were bought together: what is left of them, and what that cost."""

    id: ProviderId
    bought_at: AwareTime
    units: DecimalText
    price: AmountText
    cost: DecimalText
    value: DecimalText


class Position(Struct):
    """A position, with the purchases that are left of it."""

    security_id: ProviderId
    units: DecimalText
    price: AmountText
    value: DecimalText
    cost_basis: DecimalText | None
    currency: CurrencyCode
    lots: list[Lot] = []


class Security(Struct):
    """A security."""

    id: ProviderId
    symbol: str
    name: str
    type: str
    cusip: str | None
    isin: str | None
    currency: CurrencyCode


class Holdings(Struct):
    """`GET /accounts/{id}/holdings`."""

    as_of: AwareTime
    holdings: list[Position]
    securities: list[Security]


class Day(Struct):
    """The balance at the end of a day."""

    date: date
    current: DecimalText
    available: DecimalText | None


class Days(Struct):
    """`GET /accounts/{id}/balances`."""

    balances: list[Day]
