"""The contract between Dashtam and a provider.

A connector says how consent is given and turns the provider's JSON into `providers.records`. It receives an
`httpx.AsyncClient` that is already authorised, with the provider's base URL; it never sees a token, a model
or a person. Conventions are converted here and nowhere else: positive amounts are money into the account,
money owed is a negative balance, times are aware, money is Decimal.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

import httpx
import msgspec
from django.conf import settings

from providers.errors import NotSupported
from providers.records import (
    AccountRecord,
    AccountRef,
    BalanceRecord,
    Capability,
    HoldingsRecord,
    TransactionsPage,
)
from providers.wire.oauth_server import OAuthServer

Auth = Literal["oauth2", "credentials", "file"]

# Types for fields of provider JSON; a value that does not fit makes the page ProviderUnreadable.
DecimalText = Annotated[str, msgspec.Meta(pattern=r"\A-?[0-9]{1,18}(\.[0-9]{1,10})?\Z")]
AmountText = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,18}(\.[0-9]{1,10})?\Z")]
CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z")]
ProviderId = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]


EACH_DAY = frozenset(range(7))
MONDAY_TO_FRIDAY = frozenset(range(5))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A new figure comes within `every`, of which only these days of the week count (0 is Monday, in UTC).

    `every` is None where a new figure comes when a person brings one.
    """

    every: timedelta | None
    days: AbstractSet[int] = EACH_DAY


def overdue(rhythm: Rhythm, as_of: datetime, now: datetime) -> bool:
    """True once more time has gone by since `as_of` than the rhythm allows."""
    if rhythm.every is None or now - as_of <= rhythm.every:
        return False
    moment, end, left = as_of.astimezone(UTC), now.astimezone(UTC), rhythm.every
    while moment < end:
        midnight = datetime.combine(moment.date() + timedelta(days=1), time.min, UTC)
        if moment.weekday() in rhythm.days:
            left -= min(midnight, end) - moment
            if left < timedelta(0):
                return True
        moment = midnight
    return False


def setting_name(slug: str, name: str) -> str:
    """How a provider's setting is called in the environment and in Django's settings."""
    return f"{slug}_{name}".replace("-", "_").upper()


class Connector:
    """One provider. Subclass it, set the data, override what the provider offers."""

    slug: ClassVar[str]
    name: ClassVar[str]
    description: ClassVar[str] = ""
    auth: ClassVar[Auth]
    capabilities: ClassVar[tuple[Capability, ...]] = ()
    time_zone: ClassVar[str] = "UTC"  # where a day of its books begins and ends
    balances_due: ClassVar[Rhythm] = Rhythm(timedelta(days=1))
    # A close comes with each day of trading. Easter has four days without one, and two of them are weekdays.
    prices_due: ClassVar[Rhythm] = Rhythm(timedelta(days=3), MONDAY_TO_FRIDAY)
    setting_defaults: ClassVar[Mapping[str, str]] = MappingProxyType({})  # by name without the slug

    def setting(self, name: str) -> str:
        """The value of one of `setting_defaults`: `CLIENT_ID` of the slug `sandbox` is SANDBOX_CLIENT_ID."""
        return str(getattr(settings, setting_name(self.slug, name)))

    def at_home(self, record: AccountRecord) -> AccountRecord:
        """The record with its time in the institution's zone, so that its day is the one that the institution means.

        A time that came with an offset of its own keeps it.
        """
        if record.as_of.utcoffset():
            return record
        return replace(record, as_of=record.as_of.astimezone(ZoneInfo(self.time_zone)))

    @property
    def configured(self) -> bool:
        """True if this installation has the settings it needs: client id, secret, base URL."""
        return True

    @property
    def base_url(self) -> str:
        """The URL of the data API, without a trailing slash. Only this origin ever receives the access token."""
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
        """The changes since `cursor`; an empty cursor starts from the oldest row."""
        raise NotSupported()

    async def fetch_holdings(self, client: httpx.AsyncClient, account: AccountRef) -> HoldingsRecord:
        """All holdings of an investment account."""
        raise NotSupported()

    async def fetch_balances(
        self, client: httpx.AsyncClient, account: AccountRef, start: date, end: date
    ) -> Sequence[BalanceRecord]:
        """End-of-day balances, both ends included, at most a year at once."""
        raise NotSupported()
