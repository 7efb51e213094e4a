"""Plaid's JSON (API version 2020-09-14): the members that are read. Anything else is ProviderUnreadable."""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct, field

from providers.connectors.base import ProviderId


class Balances(Struct):
    """The balances of an account; money owed is positive."""

    current: Decimal | None
    available: Decimal | None
    limit: Decimal | None
    iso_currency_code: str | None = None
    unofficial_currency_code: str | None = None
    last_updated_datetime: datetime | None = None


class Account(Struct):
    """An account as Plaid has it now."""

    account_id: ProviderId
    name: str
    mask: str | None
    type: str
    subtype: str | None
    balances: Balances
    official_name: str | None = None
    persistent_account_id: str | None = None


class Item(Struct):
    """A login at an institution."""

    item_id: ProviderId
    institution_name: str | None = None
    institution_id: str | None = None
    billed_products: list[str] = []
    products: list[str] = []
    consent_expiration_time: datetime | None = None


class Accounts(Struct):
    """`/accounts/get`."""

    accounts: list[Account]


class Update(Struct):
    """The times of a product's readings."""

    last_successful_update: datetime | None = None


class Status(Struct):
    """The readings of an Item, by product."""

    transactions: Update | None = None
    investments: Update | None = None


class ItemAnswer(Struct):
    """`/item/get`."""

    item: Item
    status: Status | None = None


class Category(Struct):
    """Plaid's own judgement of a transaction."""

    primary: str
    detailed: str
    confidence_level: str | None = None


class Transaction(Struct):
    """A row of a bank account; money out is positive."""

    transaction_id: ProviderId
    account_id: ProviderId
    amount: Decimal
    day: date = field(name="date")
    name: str
    pending: bool
    iso_currency_code: str | None = None
    unofficial_currency_code: str | None = None
    pending_transaction_id: str | None = None
    at: datetime | None = field(name="datetime", default=None)
    merchant_name: str | None = None
    original_description: str | None = None
    check_number: str | None = None
    transaction_code: str | None = None
    personal_finance_category: Category | None = None


class Removed(Struct):
    """A row that is gone."""

    transaction_id: ProviderId
    account_id: str | None = None


class Changes(Struct):
    """`/transactions/sync`."""

    added: list[Transaction]
    modified: list[Transaction]
    removed: list[Removed]
    next_cursor: str
    has_more: bool


class OptionContract(Struct):
    """The terms of an option."""

    contract_type: str
    expiration_date: date
    strike_price: Decimal
    underlying_security_ticker: str


class Security(Struct):
    """A security."""

    security_id: ProviderId
    name: str | None = None
    ticker_symbol: str | None = None
    type: str | None = None
    isin: str | None = None
    cusip: str | None = None
    iso_currency_code: str | None = None
    unofficial_currency_code: str | None = None
    option_contract: OptionContract | None = None


class TaxLot(Struct):
    """Units that were bought together; the institution may leave any member open."""

    institution_lot_id: str | None = None
    original_purchase_datetime: str | None = None
    quantity: Decimal | None = None
    purchase_price: Decimal | None = None
    cost_basis: Decimal | None = None
    current_value: Decimal | None = None
    position_type: str | None = None


class Holding(Struct):
    """A position, or the cash of an account. Without `tax_lots` the institution tells none."""

    account_id: ProviderId
    security_id: ProviderId
    quantity: Decimal
    institution_price: Decimal | None = None
    institution_value: Decimal | None = None
    cost_basis: Decimal | None = None
    iso_currency_code: str | None = None
    unofficial_currency_code: str | None = None
    tax_lots: list[TaxLot] | None = None


class Holdings(Struct):
    """`/investments/holdings/get`."""

    holdings: list[Holding]
    securities: list[Security]


class Activity(Struct):
    """A row of an investment account; money out is positive."""

    investment_transaction_id: ProviderId
    account_id: ProviderId
    day: date = field(name="date")
    name: str
    amount: Decimal
    type: str
    subtype: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    security_id: str | None = None
    fees: Decimal | None = None
    cancel_transaction_id: str | None = None
    transaction_datetime: datetime | None = None
    iso_currency_code: str | None = None
    unofficial_currency_code: str | None = None


class Activities(Struct):
    """`/investments/transactions/get`."""

    investment_transactions: list[Activity]
    securities: list[Security]
    total_investment_transactions: int


class Listed(Struct):
    """An institution that Plaid reaches."""

    name: str
    country_codes: list[str]


class Institutions(Struct):
    """`/institutions/search`."""

    institutions: list[Listed]


class LinkToken(Struct):
    """`/link/token/create`."""

    link_token: str
    hosted_link_url: str


class Added(Struct):
    """An Item that a visit has made."""

    public_token: str


class Results(Struct):
    """The outcome of a visit."""

    item_add_results: list[Added] = []


class Session(Struct):
    """A visit to the hosted page."""

    finished_at: datetime | None = None
    results: Results | None = None


class LinkSessions(Struct):
    """`/link/token/get`."""

    link_sessions: list[Session] = []


class Exchanged(Struct):
    """`/item/public_token/exchange`."""

    access_token: str
    item_id: ProviderId


class Key(Struct):
    """A public key (RFC 7517) that webhooks are signed with."""

    alg: str
    kty: str
    crv: str
    kid: str
    x: str
    y: str
    expired_at: int | None = None


class KeyAnswer(Struct):
    """`/webhook_verification_key/get`."""

    key: Key


class Failure(Struct):
    """An error."""

    error_type: str
    error_code: str
    error_code_reason: str | None = None
