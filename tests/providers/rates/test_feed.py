"""The ECB's feed over real HTTP: what it says is taken once, and what is wrong with it costs nothing."""

import asyncio
import logging
from collections.abc import Container, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from dashtam.bridge.doors import run_db
from dashtam.cache import cache
from providers import tasks, wiring
from providers.rates.conversion import EuroRate
from providers.rates.models import ExchangeRate
from providers.rates.published import read_history
from providers.rates.rate_service import ASKED, RateService, newest_published
from providers.wire import http
from tests.jobs import run_now
from tests.providers.rates.ecb import HEAD, feed
from tests.providers.wire.canned import Canned, answer, canned, serving

pytestmark = pytest.mark.django_db

FRIDAY, THURSDAY = date(2026, 11, 27), date(2026, 11, 26)
SATURDAY_NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
WHOLE = feed({FRIDAY: {"USD": "1.1172", "ILS": "3.495"}, THURSDAY: {"USD": "1.12", "JPY": "175"}})


@pytest.fixture(autouse=True)
def _saturday(settings: Any) -> Iterator[None]:
    """A day after the last rates; and nobody is left alone for having failed before."""
    settings.PROVIDER_REST_SECONDS = 0
    with time_machine.travel(SATURDAY_NOON, tick=True):
        yield


async def refresh(url: str, settings: Any) -> int:
    settings.ECB_URL = url
    return await wiring.rate_service().refresh()


async def held() -> dict[tuple[date, str], Decimal]:
    rows = ExchangeRate.objects.values_list("day", "currency", "per_euro")
    return await run_db(lambda: {(day, currency): rate for day, currency, rate in rows})


async def test_t01_the_feed_is_taken_once(settings: Any) -> None:
    async with canned(answer(WHOLE, Content_Type="text/xml")) as ecb:
        assert await refresh(f"{ecb.url}/stats/eurofxref/eurofxref-hist-90d.xml", settings) == 4
        assert await refresh(f"{ecb.url}/stats/eurofxref/eurofxref-hist-90d.xml", settings) == 0
    assert ecb.requests[0].startswith(b"GET /stats/eurofxref/eurofxref-hist-90d.xml HTTP/1.1\r\n")
    assert b"authorization" not in ecb.requests[0].lower()
    assert await held() == {
        (FRIDAY, "USD"): Decimal("1.1172"),
        (FRIDAY, "ILS"): Decimal("3.495"),
        (THURSDAY, "USD"): Decimal("1.12"),
        (THURSDAY, "JPY"): Decimal(175),
    }


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
BAD = {
    "empty": answer(b""),
    "truncated document": answer(WHOLE[:-40]),
    "cut off": answer(WHOLE)[:-40],
    "no answer": b"",
    "a page": answer("<html><body>Moved</body></html>", Content_Type="text/html"),
    "JSON": answer('{"USD": 1.1172}'),
    "no day": answer(feed({})),
    "no number": answer(feed({FRIDAY: {"USD": "1.1", "JPY": "N/A"}})),
    "a comma": answer(feed({FRIDAY: {"USD": "1,1172"}})),
    "zero": answer(feed({FRIDAY: {"USD": "0"}})),
    "negative": answer(feed({FRIDAY: {"USD": "-1.1"}})),
    "an exponent": answer(feed({FRIDAY: {"USD": "1E9"}})),
    "too large": answer(feed({FRIDAY: {"USD": "99999999999"}})),
    "not a number": answer(feed({FRIDAY: {"USD": "NaN"}})),
    "the euro": answer(feed({FRIDAY: {"USD": "1.1", "EUR": "1"}})),
    "no currency": answer(feed({FRIDAY: {"USD": "1.1", "usd": "1.1"}})),
    "no date": answer(feed({"yesterday": {"USD": "1.1"}})),
    "a day to come": answer(feed({date(2026, 12, 4): {"USD": "1.1"}})),
    "a day before the euro": answer(feed({date(1998, 12, 31): {"USD": "1.1"}})),
    "half a day": answer(feed({FRIDAY: {"JPY": "175"}, THURSDAY: {"USD": "1.1"}})),
    "the same twice": answer(WHOLE.replace('currency="ILS"', 'currency="USD"')),
    "no rate": answer(WHOLE.replace('rate="3.495"', "")),
    "entities": answer(WHOLE.replace("?>", f"?>{ENTITIES}", 1)),
    "no text": answer(b"\xff\xfe\x00" * 100),
    "very deep": answer(HEAD + "<Cube>" * 30_000),
    "huge": answer(WHOLE + " " * 2 * 1024 * 1024),
    "far too huge": answer(WHOLE + " " * 11 * 1024 * 1024),
    "compressed": answer(b"\x1f\x8b\x08", Content_Encoding="gzip"),
    "500": answer("", "500 Internal Server Error"),
    "404": answer("", "404 Not Found"),
    "429": answer("", "429 Too Many Requests", Retry_After="1"),
    "moved": answer("", "301 Moved Permanently", Location="http://127.0.0.1:1/"),
}


@pytest.mark.parametrize("name", BAD)
async def test_t01_a_bad_answer_costs_nothing_and_is_logged(
    name: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    before = [EuroRate(THURSDAY, "USD", Decimal("1.12"))]
    await run_db(ExchangeRate.objects.add_missing, before)
    with caplog.at_level(logging.WARNING):
        async with canned(BAD[name]) as ecb:
            assert await refresh(ecb.url, settings) == 0
    assert await held() == {(THURSDAY, "USD"): Decimal("1.12")}
    assert "exchange_rates.not_read" in [record.getMessage() for record in caplog.records]
    assert "1.1172" not in caplog.text


async def test_t01_an_answer_that_does_not_come_is_given_up(settings: Any) -> None:
    class Slow(Canned):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer(WHOLE)[:200])
            await reader.read()  # until the caller hangs up

    settings.PROVIDER_DEADLINE_SECONDS = 0.3
    async with serving(Slow([])) as ecb:
        assert await refresh(ecb.url, settings) == 0
    assert await held() == {}


async def test_t01_an_address_that_is_not_public_is_not_asked(settings: Any) -> None:
    settings.PRIVATE_HOSTS = []
    async with canned(answer(WHOLE)) as ecb:
        assert await refresh(ecb.url, settings) == 0
    assert ecb.requests == []


def service(url: str) -> RateService:
    """The real one, but for a history of one day."""
    day = EuroRate(date(2026, 10, 30), "USD", Decimal("1.13"))

    def history(known: Container[date]) -> Iterator[list[EuroRate]]:
        return iter([] if day.day in known else [[day]])

    return RateService(history=history, client=lambda: http.client(url), cache=cache(), url=url)


async def test_t01_the_ecb_is_asked_when_newer_rates_should_be_out_and_once_an_hour() -> None:
    async with canned(answer("", "503 Service Unavailable", Retry_After="0"), answer(WHOLE)) as ecb:
        for _ in range(2):
            await service(ecb.url).keep_up()
        assert len(ecb.requests) == 1
        assert (await held()).keys() == {(date(2026, 10, 30), "USD")}
        await cache().delete(ASKED)
        await service(ecb.url).keep_up()
        assert len(ecb.requests) == 2
        await cache().delete(ASKED)
        await service(ecb.url).keep_up()
        assert len(ecb.requests) == 2  # nothing newer is out
    assert (await held())[FRIDAY, "USD"] == Decimal("1.1172")


async def test_t01_without_an_address_the_history_is_loaded_and_nobody_is_asked() -> None:
    await service("").keep_up()
    assert await held() == {(date(2026, 10, 30), "USD"): Decimal("1.13")}


async def test_t01_the_worker_s_task_keeps_the_rates_up(settings: Any) -> None:
    known = {day for part in read_history(set()) for day in {rate.day for rate in part}}
    rates = [EuroRate(day, "USD", Decimal("1.13")) for day in known - {date(2026, 10, 30)}]
    await run_db(ExchangeRate.objects.add_missing, rates)
    async with canned(answer(WHOLE)) as ecb:
        settings.ECB_URL = ecb.url
        await run_now(tasks.refresh_exchange_rates, timestamp=0)
    found = await held()
    assert found[FRIDAY, "USD"] == found[date(2026, 10, 30), "USD"] == Decimal("1.1172")


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 27, 15, 5, tzinfo=UTC), 26),  # 16:05 in Frankfurt
        (datetime(2026, 11, 27, 15, 15, tzinfo=UTC), 27),
        (datetime(2026, 11, 28, 23, 0, tzinfo=UTC), 27),
        (datetime(2026, 11, 29, 20, 0, tzinfo=UTC), 27),
        (datetime(2026, 11, 30, 9, 0, tzinfo=UTC), 27),
        (datetime(2026, 7, 15, 14, 15, tzinfo=UTC), 15),  # summer time
    ],
)
def test_t01_rates_are_out_after_four_in_frankfurt_on_working_days(now: datetime, day: int) -> None:
    assert newest_published(now).day == day
