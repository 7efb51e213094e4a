"""SnapTrade's JSON: the members that are read. Anything else is ProviderUnreadable."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from providers.connectors.base import ProviderId


class Brokerage(Struct):
    """An institution."""

    name: str | None = None
    display_name: str | None = None


class Authorization(Struct):
    """A connection that SnapTrade holds; while it is `disabled`, its accounts stand still."""

    id: str = ""
    brokerage: Brokerage | None = None
    disabled: bool = False


class Synced(Struct):
    """The last reading of a kind of data at the institution."""

    initial_sync_completed: bool | None = None
    last_successful_sync: str | None = None
    first_transaction_date: str | None = None
    holdings_unavailable: bool | None = None


class SyncStatus(Struct):
    """The readings of an account."""

    transactions: Synced | None = None
    holdings: Synced | None = None


class Total(Struct):
    """The worth of an account."""

    amount: Decimal | None = None
    currency: str | None = None


class AccountBalance(Struct):
    """The worth of an account, if the institution states it."""

    total: Total | None = None


class Account(Struct):
    """An account. Its id is another one once the connection is rebuilt."""

    id: ProviderId
    brokerage_authorization: str
    institution_name: str
    balance: AccountBalance
    sync_status: SyncStatus
    name: str | None = None
    number: str | None = None
    institution_account_id: str | None = None
    status: str | None = None
    raw_type: str | None = None
    account_category: str | None = None
    is_paper: bool = False


class Currency(Struct):
    """A currency."""

    code: str | None = None


Unit = Currency | str | None  # an object, its code, or only the id that SnapTrade gives it


class Balance(Struct):
    """Cash in one currency."""

    currency: Unit = None
    cash: Decimal | None = None


class Instrument(Struct):
    """Anything that can be held."""

    kind: str
    id: ProviderId
    symbol: str
    raw_symbol: str | None = None
    description: str | None = None
    currency: str | None = None
    multiplier: Decimal | None = None


Told = str | int | float | None  # a number as text, by its description


class TaxLot(Struct):
    """Units that were bought together; any member may be left open, and their numbers are told as text."""

    lot_id: str | None = None
    original_purchase_date: str | None = None
    quantity: Told = None
    purchased_price: Told = None
    cost_basis: Told = None
    current_value: Told = None
    position_type: str | None = None


class Position(Struct):
    """A position. Price and cost are of one unit, and of one share in an option."""

    instrument: Instrument
    units: Decimal | None = None
    price: Decimal | None = None
    cost_basis: Decimal | None = None
    currency: str | None = None
    tax_lots: list[TaxLot] | None = None


class Freshness(Struct):
    """The time at which the institution was read."""

    as_of: datetime


class Positions(Struct):
    """`GET /accounts/{accountId}/positions/all`."""

    results: list[Position]
    data_freshness: Freshness


class SecurityType(Struct):
    """The type of a symbol."""

    code: str | None = None
    description: str | None = None


class Symbol(Struct):
    """A security in an activity."""

    id: ProviderId
    symbol: str
    raw_symbol: str | None = None
    description: str | None = None
    currency: Unit = None
    type: SecurityType | None = None


class OptionSymbol(Struct):
    """An option in an activity."""

    id: ProviderId
    ticker: str


class Activity(Struct):
    """A row. Not all that SnapTrade sends has a sign that means the same everywhere, and no member has to be there.

    Its numbers are in the currency, or in units of the security that takes a currency's place.
    """

    id: str = ""
    type: str = ""
    trade_date: datetime | None = None
    settlement_date: datetime | None = None
    amount: Decimal | None = None
    units: Decimal | None = None
    price: Decimal | None = None
    fee: Decimal | None = None
    currency: Unit = None
    currency_universal_symbol: Symbol | None = None
    symbol: Symbol | None = None
    option_symbol: OptionSymbol | None = None
    option_type: str | None = None
    description: str | None = None
    external_reference_id: str | None = None


class Pagination(Struct):
    """The place of a page."""

    total: int | None = None


class Activities(Struct):
    """`GET /accounts/{accountId}/activities`."""

    data: list[Activity] = []
    pagination: Pagination | None = None


class Portal(Struct):
    """`POST /snapTrade/login`."""

    redirectURI: str  # noqa: N815 - SnapTrade's own name


class Metadata(Struct):
    """Authorization server metadata (RFC 8414)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str | None = None


class Failure(Struct):
    """An error."""

    code: str | int | None = None
    default_code: str | int | None = None
