"""Interactive Brokers: a token and the id of a Flex query, which says what Dashtam may read."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import ClassVar
from xml.etree.ElementTree import Element

import httpx

from dashtam.bridge.doors import run_aside
from providers.connectors import base
from providers.connectors.contract.batches import CONNECTION, Batch, Wanted
from providers.connectors.contract.errors import CredentialsRefused
from providers.connectors.contract.facts import MONDAY_TO_FRIDAY, Facts, Quota, Rhythm
from providers.connectors.contract.steps import Ask, Done, Field, Reach, Said, Step, Visit
from providers.connectors.ibkr_flex import boxes, service
from providers.connectors.ibkr_flex.read import batch, read
from providers.connectors.ibkr_flex.reading import Reading
from providers.errors import (
    ConsentEnded,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnreadable,
    QuotaSpent,
)
from providers.records import Capability
from providers.wire.grants import Grant
from providers.wire.placing import Placement

HOSTS = ("https://ndcdyn.interactivebrokers.com", "https://gdcdyn.interactivebrokers.com")
PORTAL = "https://www.interactivebrokers.com/portal"
LINK_WAITS = (1.0, 2.0, 3.0, 5.0)
PULL_WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
POLL_SECONDS = 15
YEAR = timedelta(days=365)  # the longest period of one document
OLDEST = 6 * YEAR
PATIENCE = 10  # pauses of one pull for a year of before
LONGEST_PAUSE = 90  # seconds until the next minute's calls, which the first pull waits for
ALL = "all"  # the cursor, once there is no older year
LIVES = (("365", "1 year"), ("180", "6 months"), ("90", "3 months"), ("30", "1 month"), ("7", "1 week"))


class IbkrFlexConnector(base.Connector):
    """One document holds all accounts of a query: trades, cash, positions, of a year at most."""

    slug = "ibkr"
    name = "Interactive Brokers"
    description = "Trades, dividends, cash and positions, worldwide, by a Flex query of your own."
    auth = "credentials"
    capabilities: ClassVar[tuple[Capability, ...]] = ("accounts", "balances", "transactions", "holdings")
    setting_defaults = MappingProxyType({"URL": ""})
    facts = Facts(
        cadence=timedelta(days=1),
        history=OLDEST,
        longest_window=YEAR,
        look_back=timedelta(days=30),
        ids="stable",
        pending="none",
        quotas=(Quota(calls=10, per=timedelta(minutes=1)),),
        needs="A Flex Web Service token and the ID of a Flex query. You make both in Client Portal.",
        cost="Nothing.",
        freshness="Statements are made once a day, after the close in New York.",
        manage=PORTAL,
        left="The token stays valid at Interactive Brokers until it expires. Delete it in Client Portal too.",
        time_zone="America/New_York",
        balances_due=Rhythm(timedelta(days=3), MONDAY_TO_FRIDAY),
    )

    def __init__(
        self, *, link_waits: Sequence[float] = LINK_WAITS, pull_waits: Sequence[float] = PULL_WAITS
    ) -> None:
        self.link_waits = link_waits
        self.pull_waits = pull_waits

    @property
    def base_url(self) -> str:
        return self._hosts[0]

    @property
    def hosts(self) -> Sequence[str]:  # type: ignore[override]
        return self._hosts[1:]

    @property
    def _hosts(self) -> tuple[str, ...]:
        """IBKR's two hosts, of which either may be away; a simulator in their place, where one is set."""
        own = self.setting("URL")
        return (own,) if own else HOSTS

    @property
    def placement(self) -> Placement:
        return Placement(sign=service.sign)

    def fault(self, answer: httpx.Response) -> ProviderError | None:
        return service.fault(answer)

    async def link(self, reach: Reach, said: Said) -> Step:
        """Ask for token and query, read a first document, and tell the boxes that it shows as missing."""
        given = {**said.kept, **said.answers}
        if not given.get(service.TOKEN):
            return self._asked()
        ends = given.get("ends") or _end(given.get("lasts", ""))
        grant = Grant(
            {name: given[name] for name in (service.TOKEN, service.QUERY)},
            ends_at=datetime.fromisoformat(ends) if ends else None,
        )
        async with reach(grant=grant) as client:
            try:
                host, reference = (
                    (given["host"], given["reference"])
                    if "reference" in given
                    else await service.ask(client, self._hosts)
                )
                root = await service.fetch(client, host, reference, self.link_waits)
            except service.StillGenerating:
                kept = {**_kept(grant), "host": host, "reference": reference}
                return Visit(PORTAL, kept=kept, poll=POLL_SECONDS, idle=True)
            except service.LooksAtSettings as error:
                raise CredentialsRefused.of(service.QUERY, error.detail) from None
            except ConsentEnded as error:
                raise CredentialsRefused.of(service.TOKEN, error.detail) from None
        return await self._judged(root, grant, given)

    def _asked(self) -> Ask:
        fields = (
            Field(
                service.TOKEN,
                "Flex Web Service token",
                help="Client Portal, Performance & Reports, Flex Queries, Flex Web Service Configuration. "
                "Let it expire after one year.",
            ),
            Field(
                "lasts",
                "The token expires after",
                secret=False,
                choices=LIVES,
                help="As you chose it there. Dashtam tells you before that day.",
                optional=True,
            ),
            Field(
                service.QUERY,
                "Query ID",
                secret=False,
                help="Make an Activity Flex Query there with every section, format XML, period Last 365 Calendar "
                "Days. This is the number beside it.",
            ),
        )
        return Ask(fields, where=PORTAL)

    async def _judged(self, root: Element, grant: Grant, given: dict[str, str]) -> Step:
        """The grant, or what is to be ticked first: without what is needed there is none."""
        found = await run_aside(boxes.missing, root)
        if (found and given.get("boxes") != "leave") or any(box.needed for box in found):
            return _ticking(found, grant, again=given.get("boxes") == "look")
        accounts = sorted({reading.account.id for reading in await run_aside(read, root)} - {""})
        if not accounts:
            raise CredentialsRefused.of(service.QUERY, "This query names no account.")
        return Done(grant, subject=hashlib.sha256(accounts[0].encode()).hexdigest()[:32])

    async def pull(self, client: httpx.AsyncClient, wanted: Wanted) -> AsyncIterator[Batch]:
        """The query's own document; then, once, the years before it, as far back as IBKR has any."""
        readings = await self._document(client)
        yield batch(readings)
        async for older in self._older(client, readings, wanted):
            yield older

    async def _older(
        self, client: httpx.AsyncClient, newest: Sequence[Reading], wanted: Wanted
    ) -> AsyncIterator[Batch]:
        """A batch for each year before what is known; the cursor says how far that goes."""
        last = _before(newest, wanted.cursors.get(CONNECTION, ""))
        while last is not None:
            window = (last - YEAR + timedelta(days=1), last)
            gone = last <= wanted.last - OLDEST or _closed(newest, last)
            found = [] if gone else await self._year(client, window)
            if found is None:
                return
            if not all(_within(each, window) for each in found) or not any(map(_says, found)):
                yield Batch(cursors={CONNECTION: ALL})
                return
            yield batch(found, now=False, cursors={CONNECTION: window[0].isoformat()})
            last = window[0] - timedelta(days=1)

    async def _year(self, client: httpx.AsyncClient, window: service.Window) -> list[Reading] | None:
        """A year of before: empty where IBKR has none; None where it is to be asked for with another pull."""
        for _ in range(PATIENCE):
            try:
                return await self._document(client, window)
            except QuotaSpent as spent:
                if not 0 < (spent.retry_after or 0) <= LONGEST_PAUSE:
                    raise
                await asyncio.sleep(spent.retry_after or 0)
            except (ProviderRefused, service.NotAvailable):
                return []
            except (ProviderUnavailable, ProviderRateLimited, ProviderUnreadable):
                return None
        return None

    async def _document(
        self, client: httpx.AsyncClient, window: service.Window | None = None
    ) -> list[Reading]:
        """A document, read. A reference that IBKR has lost is asked for once more."""
        for _ in range(2):
            host, reference = await service.ask(client, self._hosts, window)
            try:
                return await run_aside(read, await service.fetch(client, host, reference, self.pull_waits))
            except service.ReferenceLost as lost:
                again = lost
        raise again


def _before(newest: Sequence[Reading], cursor: str) -> date | None:
    """The last day that is not read yet; None where nothing is left to read, or it is not known."""
    if cursor == ALL:
        return None
    known = [each.period[0] for each in newest if each.period]
    first = date.fromisoformat(cursor) if cursor else min(known, default=None)
    return None if first is None else first - timedelta(days=1)


def _closed(newest: Sequence[Reading], last: date) -> bool:
    """True if no account was open yet."""
    return bool(newest) and all(each.opened is not None and each.opened > last for each in newest)


def _within(reading: Reading, window: service.Window) -> bool:
    """True if IBKR has answered with the period that was asked for."""
    return reading.period is not None and window[0] <= reading.period[0] <= reading.period[1] <= window[1]


def _says(reading: Reading) -> bool:
    return bool(reading.rows or reading.balances or reading.counts.refused)


def _end(days: str) -> str:
    """The end of a token's life that begins now."""
    return (datetime.now(UTC) + timedelta(days=int(days))).isoformat() if days.isdecimal() else ""


def _kept(grant: Grant) -> dict[str, str]:
    """The parts of a grant that the next step needs, while it is not given yet."""
    return {**grant.secrets, "ends": grant.ends_at.isoformat() if grant.ends_at else ""}


def _ticking(found: Sequence[boxes.Box], grant: Grant, *, again: bool) -> Ask:
    """The boxes to tick, a line each. Those that are only missed may stay as they are, if the person says so."""
    needed = any(box.needed for box in found)
    lines = [
        "Dashtam looked again, and this is still left out." if again else "",
        "Edit the query in Client Portal, tick what is listed here, and save it.",
        *boxes.words(found),
        ""
        if needed
        else "You can also connect without them: what they tell will be missing, and nothing else.",
    ]
    choices = [("look", "I have ticked them: look again")]
    if not needed:
        choices.append(("leave", "Connect without them"))
    told = "\n".join(filter(None, lines))
    field = Field("boxes", "Your query leaves something out", secret=False, choices=tuple(choices), help=told)
    return Ask((field,), where=PORTAL, kept=_kept(grant))
