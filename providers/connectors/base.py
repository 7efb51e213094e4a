"""The contract between Dashtam and a provider.

A connector says how access is given, step by step, and turns the provider's data into `providers.records`. Its reads
receive an `httpx.AsyncClient` that is already authorised, with the provider's base URL: they see no secret, no model
and no person. Conventions are converted here and nowhere else: positive amounts are money into the account,
money owed is a negative balance, times are aware, money is Decimal.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

import httpx
import msgspec
from django.conf import settings

from providers.connectors.contract import code_grant
from providers.connectors.contract.batches import Batch, Wanted
from providers.connectors.contract.facts import Facts
from providers.connectors.contract.institutions import Institution
from providers.connectors.contract.news import News
from providers.connectors.contract.steps import Reach, Said, Step
from providers.errors import ConsentEnded, NotSupported, ProviderError
from providers.records import (
    AccountRecord,
    AccountRef,
    BalanceRecord,
    Capability,
    HoldingsRecord,
    TransactionsPage,
)
from providers.wire.grants import ACCESS, REFRESH, Grant
from providers.wire.oauth_server import OAuthServer
from providers.wire.placing import Placement

Auth = Literal["oauth2", "credentials", "file", "person"]

# Types for fields of provider JSON; a value that does not fit makes the page ProviderUnreadable.
DecimalText = Annotated[str, msgspec.Meta(pattern=r"\A-?[0-9]{1,18}(\.[0-9]{1,18})?\Z")]
AmountText = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,18}(\.[0-9]{1,18})?\Z")]
CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z")]
Unit = Annotated[
    str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._:/-]{1,31}\Z")
]  # of which ISO 4217 is one kind
ProviderId = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]


def decimal_of(text: str | None) -> Decimal | None:
    """The number in a text; None for none."""
    return None if text is None else Decimal(text)


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
    facts: ClassVar[Facts] = Facts()
    hosts: ClassVar[Sequence[str]] = ()  # origins that its reads call besides `base_url` or the grant's own
    searched_by_name: ClassVar[bool] = (
        False  # `institutions` is asked for each search; else it gives all of them
    )
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
        return replace(record, as_of=record.as_of.astimezone(ZoneInfo(self.facts.time_zone)))

    @property
    def configured(self) -> bool:
        """True if this installation has the settings it needs: client id, secret, base URL."""
        return True

    @property
    def by_person(self) -> bool:
        """True if its data comes from the person, as files or by hand: there is no consent and no sync."""
        return self.auth in ("file", "person")

    @property
    def base_url(self) -> str:
        """The URL of the data API, without a trailing slash; empty where each grant has an address of its own.

        Only this origin and `hosts` ever receive a secret.
        """
        raise NotSupported()

    @property
    def oauth(self) -> OAuthServer:
        """The authorization server, for `auth = "oauth2"`."""
        raise NotSupported()

    # --- access ----------------------------------------------------------------------------------

    @property
    def placement(self) -> Placement:
        """The place of each secret in a request: an access token in its header, if there is an `oauth`."""
        if self.auth != "oauth2":
            return Placement()
        server = self.oauth
        return Placement(bearer=ACCESS, dpop_key=server.dpop_key, certificate=server.client_certificate)

    @property
    def own_secrets(self) -> Mapping[str, str]:
        """Secrets of this installation, from its settings, that `placement` puts beside those of the grant."""
        return {}

    async def link(self, reach: Reach, said: Said) -> Step:
        """The next step towards access. Raises ProviderErrors, and CredentialsRefused for an answer that is wrong."""
        return await code_grant.step(self.oauth, said)

    def renewable(self, grant: Grant) -> bool:
        """True if `renew` can do something with it: without a person."""
        return REFRESH in grant.secrets

    async def renew(self, reach: Reach, grant: Grant) -> Grant:
        """A fresh grant without the person: what it does not name stays. Raises ProviderErrors, ConsentEnded."""
        if self.auth != "oauth2":
            raise ConsentEnded
        return await code_grant.renew(self.oauth, grant)

    async def revoke(self, reach: Reach, grant: Grant) -> None:
        """End the grant at the institution, if it can be told. Raises ProviderErrors."""
        if self.auth == "oauth2":
            await code_grant.revoke(self.oauth, grant)

    @property
    def ends_grants(self) -> bool:
        """True if `revoke` does something: then a grant is kept for it after the person has disconnected."""
        return self.auth == "oauth2" or type(self).revoke is not Connector.revoke

    def replaces(self, old: Grant, new: Grant) -> bool:
        """True if `old` lives on beside `new` and is to be ended: not where both are one consent, mended."""
        if self.auth == "oauth2":
            return code_grant.replaces(self.oauth, old, new)
        return old.secrets != new.secrets

    def same(self, one: Grant, other: Grant) -> bool:
        """True if two grants are for one login at one institution, so that the later is not needed."""
        return False

    @property
    def consent_life(self) -> timedelta | None:
        """The life of a consent by the institution's rules; None where they do not say."""
        days = self.oauth.consent_lifetime_days if self.auth == "oauth2" else None
        return self.facts.consent or (None if days is None else timedelta(days=days))

    def consent_end(self, grant: Grant) -> datetime | None:
        """The end of the consent, from the grant or the institution's rules; None if unknown."""
        life = self.consent_life
        return grant.ends_at or (None if life is None else datetime.now(UTC) + life)

    async def hear(self, reach: Reach, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        """The news of a webhook, if the institution has signed it, now, and not before; each brings a sync.

        It is believed in nothing else. `headers` have lower-case names.
        """
        return ()

    def fault(self, answer: httpx.Response) -> ProviderError | None:
        """The institution's own word for what went wrong, in a 200 too; None leaves the verdict to the status."""
        return None

    async def institutions(self, reach: Reach, search: str) -> Sequence[Institution]:
        """Those behind an aggregator; with `searched_by_name` those that fit the search. Raises ProviderErrors."""
        return [Institution(name) for name in self.facts.names]

    @property
    def samples_institutions(self) -> bool:
        """True if it cannot be asked for them, and only some names are known here."""
        return bool(self.facts.names) and type(self).institutions is Connector.institutions

    @property
    def lists_institutions(self) -> bool:
        """True if `institutions` knows any."""
        return bool(self.facts.names) or type(self).institutions is not Connector.institutions

    # --- data in batches, for institutions that do not answer account by account -----------------------

    @property
    def pulls(self) -> bool:
        """True if `pull` is the way in, rather than the `fetch_` methods."""
        return type(self).pull is not Connector.pull

    def pull(self, client: httpx.AsyncClient, wanted: Wanted) -> AsyncIterator[Batch]:
        """All that is wanted, in batches that may land in this order. Raises ProviderErrors, StartAgain."""
        raise NotSupported()

    # --- data, account by account ----------------------------------------------------------------

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
