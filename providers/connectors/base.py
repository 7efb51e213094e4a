"""The contract between Dashtam and a provider.

A connector says how consent is given and turns the provider's JSON into the records below. It receives an
`httpx.AsyncClient` that is already authorised, with the provider's base URL; it never sees a token, a model
or a person. Conventions are converted here and nowhere else: positive amounts are money into the account,
money owed is a negative balance, times are aware, money is Decimal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import httpx
import msgspec

from providers.errors import NotSupported

AccountType = Literal["depository", "credit", "loan", "investment", "other"]
Capability = Literal["accounts", "balances", "balance_history", "transactions", "holdings"]

ClientAuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"]

# For the fields of what a provider sends: anything else makes the page unreadable.
DecimalText = Annotated[str, msgspec.Meta(pattern=r"\A-?[0-9]{1,18}(\.[0-9]{1,10})?\Z")]
AmountText = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,18}(\.[0-9]{1,10})?\Z")]
CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z")]
ProviderId = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]


@dataclass(frozen=True, slots=True)
class OAuthServer:
    """What differs between authorization servers is data (RFC 8414 names)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str | None
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    sends_issuer: bool = False  # RFC 9207: the callback must then carry `iss`
    token_endpoint_auth_method: ClientAuthMethod = "client_secret_basic"  # noqa: S105
    client_key: str = field(default="", repr=False)  # PEM, for private_key_jwt (RFC 7523)
    client_key_id: str = ""  # what the server calls that key
    client_certificate: str = ""  # file with certificate and key, for tls_client_auth (RFC 8705)
    pushed_authorization_request_endpoint: str | None = None  # RFC 9126
    dpop_key: str = field(default="", repr=False)  # PEM: tokens are bound to it (RFC 9449)
    consent_lifetime_days: int | None = None  # where the token response does not say


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
    """Which account is asked about: what the provider calls it, and its kind, which may decide signs."""

    id: str
    type: AccountType


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """A movement. `replaced_pending_id` names the pending row that this posted one came from.

    `kind` is one of ours (see `providers.ofx.statement.Kind`) or "unknown"; `source_code` is the provider's own
    word. `quantity` is the change in units: negative for what was sold or delivered.
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
    """A step of an account's change feed. Commit rows and `next_cursor` together."""

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
    """A position; `cost_basis` is of the whole position."""

    security_id: str
    quantity: Decimal
    price: Decimal | None
    market_value: Decimal | None
    cost_basis: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class HoldingsRecord:
    """All positions of an account at one moment."""

    as_of: datetime
    holdings: Sequence[HoldingRecord]
    securities: Sequence[SecurityRecord]


@dataclass(frozen=True, slots=True)
class BalanceRecord:
    """What an account held at the end of a day."""

    date: date
    current: Decimal
    available: Decimal | None


class Connector:
    """One provider. Subclass it, set the data, override what the provider offers."""

    slug: ClassVar[str]
    name: ClassVar[str]
    description: ClassVar[str] = ""
    auth: ClassVar[Literal["oauth2", "credentials", "file"]]
    capabilities: ClassVar[tuple[Capability, ...]] = ()

    @property
    def configured(self) -> bool:
        """Whether this installation has what it needs (client id, secret, address) to offer it."""
        return True

    @property
    def base_url(self) -> str:
        """Where the data API lives, no trailing slash. Only this host ever receives the access token."""
        raise NotSupported()

    @property
    def oauth(self) -> OAuthServer:
        """The authorization server, for `auth = "oauth2"`."""
        raise NotSupported()

    async def fetch_subject(self, client: httpx.AsyncClient) -> str:
        """A stable id of the person at the provider: two consents of one person are one connection."""
        raise NotSupported()

    async def fetch_accounts(self, client: httpx.AsyncClient) -> Sequence[AccountRecord]:
        """All accounts the consent covers, with current balances."""
        raise NotSupported()

    async def fetch_transactions(
        self, client: httpx.AsyncClient, account: AccountRef, cursor: str
    ) -> TransactionsPage:
        """What changed since `cursor`; an empty cursor starts from the oldest row."""
        raise NotSupported()

    async def fetch_holdings(self, client: httpx.AsyncClient, account: AccountRef) -> HoldingsRecord:
        """All positions of an investment account."""
        raise NotSupported()

    async def fetch_balances(
        self, client: httpx.AsyncClient, account: AccountRef, start: date, end: date
    ) -> Sequence[BalanceRecord]:
        """End-of-day balances, both ends included, at most a year at once."""
        raise NotSupported()
