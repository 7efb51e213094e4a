"""Enable Banking's JSON: the members that are read. Anything else is ProviderUnreadable."""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from providers.connectors.base import DecimalText, ProviderId


class Amount(Struct):
    """An amount as text, in a currency."""

    currency: str
    amount: DecimalText


class Bank(Struct):
    """The name of a bank, which is unique within its country."""

    name: str
    country: str


class ListedBank(Struct):
    """A bank that can be connected. A consent lasts `maximum_consent_validity` seconds at most."""

    name: str
    country: str
    maximum_consent_validity: int
    psu_types: list[str] = []
    required_psu_headers: list[str] | None = None
    beta: bool = False


class Banks(Struct):
    """`GET /aspsps`."""

    aspsps: list[ListedBank]


class Authorization(Struct):
    """`POST /auth`."""

    url: str


class Access(Struct):
    """The extent of a consent."""

    valid_until: datetime


class NewSession(Struct):
    """`POST /sessions`."""

    session_id: ProviderId
    access: Access


class SessionAccount(Struct):
    """An account in a session: `uid` is good while the session is, the hash as long as the account has its number."""

    uid: ProviderId
    identification_hash: ProviderId
    identification_hashes: list[str] = []


class Session(Struct):
    """`GET /sessions/{session_id}`."""

    status: str
    aspsp: Bank
    accounts_data: list[SessionAccount]
    psu_type: str = "personal"
    access: Access | None = None


class Status(Struct):
    """The status of a session alone."""

    status: str


class Other(Struct):
    """A number that is no IBAN."""

    identification: str


class Number(Struct):
    """The number of an account."""

    iban: str | None = None
    other: Other | None = None


class Details(Struct):
    """`GET /accounts/{account_id}/details`."""

    cash_account_type: str
    currency: str
    account_id: Number | None = None
    name: str | None = None
    details: str | None = None
    product: str | None = None
    credit_limit: Amount | None = None


class Balance(Struct):
    """A balance, of a type of ISO 20022."""

    balance_amount: Amount
    balance_type: str
    last_change_date_time: datetime | None = None
    reference_date: date | None = None


class Balances(Struct):
    """`GET /accounts/{account_id}/balances`."""

    balances: list[Balance]


class Party(Struct):
    """A creditor or debtor."""

    name: str | None = None


class Code(Struct):
    """A bank transaction code: of ISO 20022, or the bank's own."""

    code: str | None = None
    sub_code: str | None = None
    description: str | None = None


class Rate(Struct):
    """The exchange of an amount in another currency."""

    exchange_rate: str | None = None
    instructed_amount: Amount | None = None


class Transaction(Struct):
    """A row. Its amount has no sign that counts: the indicator says which way the money went."""

    transaction_amount: Amount
    credit_debit_indicator: Literal["CRDT", "DBIT"]
    status: str
    entry_reference: str | None = None
    merchant_category_code: str | None = None
    creditor: Party | None = None
    debtor: Party | None = None
    bank_transaction_code: Code | None = None
    booking_date: date | None = None
    value_date: date | None = None
    transaction_date: date | None = None
    balance_after_transaction: Amount | None = None
    reference_number: str | None = None
    remittance_information: list[str | None] | None = None
    exchange_rate: Rate | None = None
    note: str | None = None


class Transactions(Struct):
    """`GET /accounts/{account_id}/transactions`. A page may be empty and still have one after it."""

    transactions: list[Transaction]
    continuation_key: str | None = None


class Failure(Struct):
    """An error."""

    error: str | None = None
