"""SimpleFIN, versions 1 and 2 (bridge.simplefin.org, and any other server of the protocol)."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar

import httpx

from providers.connectors import base
from providers.connectors.contract.batches import CONNECTION, Batch, Cover, Status, Wanted
from providers.connectors.contract.errors import CredentialsRefused
from providers.connectors.contract.facts import Facts, Quota, Rhythm
from providers.connectors.contract.steps import Ask, Done, Field, Reach, Said, Step
from providers.connectors.simplefin import access
from providers.connectors.simplefin.answers import AccountSet, Found, account_set, midnight
from providers.connectors.simplefin.troubles import Trouble, troubles
from providers.errors import (
    AddressRefused,
    ConsentEnded,
    PaymentRequired,
    ProviderError,
    ProviderRateLimited,
    ProviderUnreadable,
)
from providers.records import Capability
from providers.wire.http import request, request_json
from providers.wire.placing import Placement

BRIDGE = "https://bridge.simplefin.org/simplefin"
WINDOW = timedelta(days=90)
EMPTY_WINDOWS = 2  # after so many the bank has no older rows
MOST_WINDOWS = 8  # of the 24 calls of a day
BLOCKED_SECONDS = 3600


class SimpleFinConnector(base.Connector):
    """A setup token is claimed once for an address with user and password; one call reads all banks behind it."""

    slug = "simplefin"
    name = "SimpleFIN Bridge"
    description = "Banks, cards and brokers of the United States and Canada, through a bridge you pay for."
    auth = "credentials"
    capabilities: ClassVar[tuple[Capability, ...]] = ("accounts", "balances", "transactions", "holdings")
    base_url = ""
    setting_defaults = MappingProxyType({"URL": ""})
    facts = Facts(
        cadence=timedelta(hours=12),
        history=timedelta(days=90),
        longest_window=WINDOW,
        look_back=timedelta(days=45),
        ids="batch",
        pending="replaced",
        quotas=(Quota(calls=24, per=timedelta(days=1)),),
        regions=("US", "CA"),
        needs="An account at the bridge with your banks in it, and a setup token from its page.",
        cost="About $1.50 a month or $15 a year, paid to the bridge.",
        freshness="The bridge reads each bank about once a day.",
        behind="all",
        manage=BRIDGE.removesuffix("/simplefin"),
        left="The bridge still lists the access that Dashtam had. Disable it on the bridge’s page too.",
        balances_due=Rhythm(timedelta(days=2)),
    )

    @property
    def placement(self) -> Placement:
        return Placement(basic=(access.USER, access.PASSWORD))

    async def link(self, reach: Reach, said: Said) -> Step:
        """Ask for a token, claim it, and look at the accounts. An access URL that was claimed is never lost."""
        url = said.kept.get("access", "")
        if not url and "token" not in said.answers:
            return self._token()
        if not url:
            url = access.url_of(said.answers["token"])
            if not access.holds_access(url):
                url = await self._claimed(reach, url)
        grant = access.grant_of(url)
        try:
            async with reach(grant=grant) as client:
                found = account_set(await self._answer(client, {"balances-only": 1}), datetime.now(UTC))
        except AddressRefused:
            raise
        except ConsentEnded:
            raise CredentialsRefused.of("token", access.USED) from None
        except ProviderError as error:
            return _again(url, error)
        accounts = [each.account.id for each in found.found]
        whole = access.named(grant, accounts, said.renews)
        return Done(whole, subject=whole.secrets[access.SUBJECT])

    def _token(self) -> Ask:
        bridge = self.setting("URL") or BRIDGE
        help_ = "Make one on the bridge’s page, and copy it whole. It works once."
        return Ask((Field("token", "Setup token", help=help_),), where=f"{bridge}/create")

    async def _claimed(self, reach: Reach, claim: str) -> str:
        try:
            async with reach(claim) as client:
                return (await request(client, "POST", claim, accept="text/plain, */*")).text
        except ConsentEnded:
            raise CredentialsRefused.of("token", access.USED) from None

    def fault(self, answer: httpx.Response) -> ProviderError | None:
        """A page that a protection service puts before the bridge is no word of the bridge."""
        if _blocked(answer):
            return ProviderRateLimited(retry_after=BLOCKED_SECONDS)
        return {402: PaymentRequired(), 403: ConsentEnded()}.get(answer.status_code)

    async def pull(self, client: httpx.AsyncClient, wanted: Wanted) -> AsyncIterator[Batch]:
        """A batch for each window, the newest first. Without a first day, back until no bank has older rows."""
        empty = 0
        for number, (first, last) in enumerate(windows(wanted.first, wanted.last)):
            newest = number == 0
            query = {"start-date": midnight(first), "end-date": midnight(last + timedelta(days=1))}
            answer = await self._answer(client, query | ({"pending": 1} if newest else {}))
            read = account_set(answer, datetime.now(UTC))
            yield batch(read, list(troubles(answer)), first, last, newest=newest)
            posted = [row for each in read.found for row in each.rows if row.status == "posted"]
            empty = 0 if posted else empty + 1
            if wanted.first is None and empty == EMPTY_WINDOWS:
                return

    async def _answer(self, client: httpx.AsyncClient, query: Mapping[str, str | int]) -> dict[str, Any]:
        params = {"version": 2, **query}
        return await request_json(client, "GET", "accounts", type=dict[str, Any], params=params)


def windows(first: date | None, last: date) -> Iterator[tuple[date, date]]:
    """Windows of at most 90 days, both ends included, the newest first."""
    end = last
    for _ in range(MOST_WINDOWS):
        start = end - WINDOW + timedelta(days=1)
        yield (max(start, first) if first else start), end
        end = start - timedelta(days=1)
        if first and end < first:
            return


def batch(read: AccountSet, told: list[Trouble], first: date, last: date, *, newest: bool) -> Batch:
    """The batch of one answer. Whoever is in trouble covers nothing.

    Accounts, holdings and pending rows are those of today, which come with the newest window.
    """
    statuses: tuple[Status, ...] = ("pending", "posted") if newest else ("posted",)
    found = troubled(read, told)
    sound = [each for each in read.found if not found.keys() & {each.account.id, each.bank.name, CONNECTION}]
    notices: Counter[str] = Counter()
    for each in read.found:
        for reason, count in each.refused.items():
            notices[f"unread transactions: {reason}"] += count
    return Batch(
        accounts=[each.account for each in read.found] if newest else None,
        rows={each.account.id: each.rows for each in read.found if each.rows},
        covers=[Cover(each.account.id, first, last, statuses) for each in sound],
        holdings={each.account.id: each.holdings for each in read.found if newest and each.holdings},
        troubles=found if newest else {},
        notices=notices,
    )


def troubled(read: AccountSet, told: list[Trouble]) -> dict[str, ProviderError]:
    """The troubles by account, bank, or CONNECTION for what is said of neither."""
    found: dict[str, ProviderError] = {}
    for trouble in told:
        for key in _places(read, trouble):
            found.setdefault(key, trouble.error)
    for bank, _ in read.refused:
        found.setdefault(bank.name or CONNECTION, ProviderUnreadable())
    for each in read.found:
        if each.refused:
            found.setdefault(each.account.id, ProviderUnreadable())
    return found


def _places(read: AccountSet, trouble: Trouble) -> list[str]:
    if trouble.account:
        mine = [each for each in read.found if _meant(each, trouble)]
        if mine:
            return [each.account.id for each in mine]
    if trouble.connection:
        bank = read.banks.get(trouble.connection)
        named = [each.bank.name for each in read.found if each.bank.id == trouble.connection]
        return [bank.name] if bank else named[:1] or [trouble.connection]
    said = {each.bank.name for each in read.found if each.bank.name and each.bank.name in trouble.said}
    return sorted(said) or [CONNECTION]


def _meant(each: Found, trouble: Trouble) -> bool:
    return each.raw_id == trouble.account and trouble.connection in ("", each.bank.id)


def _again(url: str, error: ProviderError) -> Ask:
    """The token is used up by now, so the access URL is kept until the bridge answers."""
    words = f"{error.title} The token was accepted and is kept; nothing has to be copied again."
    return Ask((Field("again", words, secret=False, choices=(("yes", "Try again"),)),), kept={"access": url})


def _blocked(answer: httpx.Response) -> bool:
    if "html" not in answer.headers.get("Content-Type", ""):
        return False
    return "cf-mitigated" in answer.headers or b"cloudflare" in answer.content[:50_000].lower()
