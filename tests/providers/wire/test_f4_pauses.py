"""Rate limits and outages pause the institution they come from, and no other."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from accounts.models import User
from dashtam.cache import close_cache
from providers import wiring
from providers.connections.models import Connection
from providers.connectors import CONNECTORS
from providers.errors import (
    ProviderError,
    ProviderRateLimited,
    ProviderUnreachable,
)
from providers.simulator.process import SandboxBank
from providers.wire import http, oauth, pauses
from providers.wire.outage_guard import CALLS_AT_ONCE, FAILURES_IN_A_ROW
from tests.providers.connections.linking import connect
from tests.providers.wire.canned import Canned, answer, canned, serving
from tests.providers.wire.test_oauth import server

SLOW_DOWN = answer("{}", "429 Too Many Requests", Retry_After="7")
BROKEN = answer("{}", "500 Oops")


async def ask(connection: Connection) -> str:
    async with wiring.connector_client(connection, CONNECTORS["sandbox"]) as client:
        return await CONNECTORS["sandbox"].fetch_subject(client)


async def post(url: str) -> Any:
    """A call that is never repeated."""
    async with http.client(url) as client:
        return await http.request_json(client, "POST", "/x", type=Any, json={})


async def failing(url: str, times: int) -> list[ProviderError]:
    found = []
    for _ in range(times):
        with pytest.raises(ProviderError) as caught:
            await post(url)
        found.append(caught.value)
    return found


async def test_f4_a_connection_told_to_wait_seven_seconds_asks_nothing_for_seven_seconds(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    hers, his = await connect(ana, bank), await connect(ben, bank, customer="ben")
    bank.control("faults", {"target": "customer", "mode": "status_429", "times": 1, "retry_after": 7})
    with pytest.raises(ProviderRateLimited) as told:
        await ask(hers)
    assert told.value.retry_after == 7
    calls = bank.control("log")["counts"]
    for _ in range(3):
        with pytest.raises(ProviderRateLimited) as waiting:
            await ask(hers)
        assert 0 < (waiting.value.retry_after or 0) <= 7
    assert bank.control("log")["counts"] == calls, "not even for a new token"
    assert await ask(his) == "ben"
    with time_machine.travel(time.time() + 8):
        assert await ask(hers) == "ana"


async def test_f4_a_token_endpoint_told_to_wait_is_asked_by_no_connection() -> None:
    async with canned(SLOW_DOWN) as peer:
        for _ in range(3):
            with pytest.raises(ProviderRateLimited):
                await oauth.refresh(server(peer.url), refresh_token="RT0")
    assert len(peer.requests) == 1


def test_f4_every_process_learns_of_a_pause() -> None:
    whom = f"connection:{uuid4()}"

    async def told() -> None:
        await pauses.begin(whom, 7)
        await close_cache()

    async def asked() -> None:
        await pauses.require_none("connection:another")
        try:
            await pauses.require_none(whom, ProviderRateLimited)
        finally:
            await close_cache()

    asyncio.run(told())  # each has its own loop and remembers nothing of the other's
    with pytest.raises(ProviderRateLimited):
        asyncio.run(asked())


async def test_f4_a_pause_holds_while_the_cache_is_away(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    await pauses.begin("somebody", 7)
    with pytest.raises(ProviderUnreachable):
        await pauses.require_none("somebody")
    await pauses.require_none("somebody else")


async def test_f4_no_pause_is_longer_than_an_hour() -> None:
    await pauses.begin("somebody", 10**9)
    with pytest.raises(ProviderUnreachable) as caught:
        await pauses.require_none("somebody")
    assert caught.value.retry_after == 3600


@pytest.mark.parametrize("reply", [BROKEN, b"", answer("{}", "429 Slow", Retry_After="0")])
async def test_f4_after_five_failures_in_a_row_nobody_is_sent_there_for_a_while(
    reply: bytes, settings: Any
) -> None:
    settings.PROVIDER_REST_SECONDS = 30
    async with canned(reply) as peer, canned(answer('"well"')) as other:
        await failing(peer.url, FAILURES_IN_A_ROW)
        assert len(peer.requests) == FAILURES_IN_A_ROW
        for error in await failing(peer.url, 3):
            assert isinstance(error, ProviderUnreachable)
            assert 0 < (error.retry_after or 0) <= 30
        assert len(peer.requests) == FAILURES_IN_A_ROW
        assert await post(other.url) == "well"
        with time_machine.travel(time.time() + 31):
            await failing(peer.url, 2)
        assert len(peer.requests) == FAILURES_IN_A_ROW + 1, "one call shows that nothing has changed"


async def test_f4_a_success_in_between_starts_the_count_afresh(settings: Any) -> None:
    settings.PROVIDER_REST_SECONDS = 30
    replies = [BROKEN] * 4 + [answer('"well"')] + [BROKEN] * 4 + [answer('"well"')]
    async with canned(*replies) as peer:
        for _ in range(2):
            await failing(peer.url, FAILURES_IN_A_ROW - 1)
            assert await post(peer.url) == "well"
    assert len(peer.requests) == 10


class Slow(Canned):
    """Answers when it is told to, and counts who waits."""

    def __init__(self) -> None:
        super().__init__([answer('"well"')])
        self.now = self.most = 0
        self.go = asyncio.Event()
        self.full = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now == CALLS_AT_ONCE:
            self.full.set()
        await self.go.wait()
        await super().serve(reader, writer)
        self.now -= 1


async def test_f4_one_institution_gets_a_few_calls_at_once_and_all_in_the_end() -> None:
    slow = Slow()
    async with serving(slow) as peer:
        calls = [asyncio.create_task(post(peer.url)) for _ in range(3 * CALLS_AT_ONCE)]
        await slow.full.wait()
        slow.go.set()
        assert await asyncio.gather(*calls) == ["well"] * len(calls)
    assert slow.most == CALLS_AT_ONCE


async def test_f4_who_finds_no_place_in_time_has_sent_nothing(settings: Any) -> None:
    slow = Slow()
    async with serving(slow) as peer:
        calls = [asyncio.create_task(post(peer.url)) for _ in range(CALLS_AT_ONCE)]
        await slow.full.wait()
        settings.PROVIDER_DEADLINE_SECONDS = 0.01
        with pytest.raises(ProviderUnreachable):
            await post(peer.url)
        slow.go.set()
        await asyncio.gather(*calls)
    assert len(peer.requests) == CALLS_AT_ONCE
