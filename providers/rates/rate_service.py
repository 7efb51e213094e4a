"""Keeps the exchange rates complete and fresh."""

import logging
from collections.abc import Callable, Container, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from dashtam.bridge.doors import run_aside, run_db
from dashtam.cache import Cache
from dashtam.telemetry import logs
from providers.errors import ProviderError, ProviderUnreadable
from providers.rates.conversion import EuroRate
from providers.rates.models import ExchangeRate
from providers.rates.published import read_feed
from providers.wire.http import Client, error_of

logger = logging.getLogger(__name__)

FRANKFURT = ZoneInfo("Europe/Berlin")
PUBLISHED_AFTER = timedelta(hours=16, minutes=10)  # "around 16:00 CET" on working days
ASK_AGAIN_SECONDS = 3600
LARGEST_FEED = 1024 * 1024  # ninety days are about 130 kB
ASKED = "exchange-rates:asked"

History = Callable[[Container[date]], Iterator[list[EuroRate]]]
OpenFeed = Callable[[], AbstractAsyncContextManager[Client]]


class RateService:
    """Loads the history that is installed with Dashtam, and reads what the ECB has published since.

    `history` yields the installed rates of the days that are not known yet. `url` is the feed; empty, the ECB is
    never asked.
    """

    def __init__(self, *, history: History, client: OpenFeed, cache: Cache, url: str) -> None:
        self.history = history
        self.client = client
        self.cache = cache
        self.url = url

    async def keep_up(self) -> None:
        """Add what is missing: the latest days once they should be out, then those of the installed history."""
        if self.url and await self._due() and await self.cache.get(ASKED, int) is None:
            await self.cache.set(ASKED, 1, seconds=ASK_AGAIN_SECONDS)
            await self.refresh()
        await self.load_history()

    async def load_history(self) -> int:
        """Store the days of the installed history that are missing; returns how many rates were new.

        Each part is a transaction: ended half-way, the next call goes on where this one was.
        """
        known, added = await run_db(ExchangeRate.objects.days), 0
        parts = self.history(known)
        while part := await run_aside(next, parts, None):
            added += await run_db(ExchangeRate.objects.add_missing, part)
        if added:
            logs.event(logger, "exchange_rates.loaded", added=added)
        return added

    async def refresh(self) -> int:
        """Read the feed; returns how many rates were new. A bad answer changes nothing and is logged."""
        try:
            rates = await self._read()
        except ProviderError as error:
            logs.event(logger, "exchange_rates.not_read", level=logging.WARNING, code=error.code)
            return 0
        added = await run_db(ExchangeRate.objects.add_missing, rates)
        logs.event(
            logger, "exchange_rates.read", added=added, newest=max(rate.day for rate in rates).isoformat()
        )
        return added

    async def _read(self) -> list[EuroRate]:
        async with self.client() as client:
            response = await client.get(self.url, headers={"Accept": "application/xml, text/xml"})
        error = error_of(response)
        if error is not None:
            raise error
        if len(response.content) > LARGEST_FEED:
            raise ProviderUnreadable
        today = timezone.now().date()
        return await run_aside(read_feed, response.content, today)

    async def _due(self) -> bool:
        newest = await run_db(ExchangeRate.objects.newest_day)
        return newest is None or newest < newest_published(timezone.now())


def newest_published(now: datetime) -> date:
    """The last working day whose rates should be out. Holidays of the ECB count as working days here."""
    day = (now.astimezone(FRANKFURT) - PUBLISHED_AFTER).date()
    return day - timedelta(days=max(0, day.weekday() - 4))
