"""Pulls of one process take turns: a few land at once, and none waits for its institution meanwhile."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from unittest.mock import AsyncMock

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers import connectors
from providers.connections.models import Connection
from providers.connectors.contract.batches import Batch, Wanted
from providers.sync.models import SyncRun
from providers.sync.outcome import Outcome
from providers.sync.pull import LANDING, Pull, Telling

pytestmark = pytest.mark.django_db
MANY = 3 * LANDING


async def pulls(user: User, telling: Telling, landing: Callable[[str], Awaitable[None]]) -> list[Pull]:
    """Pulls of as many connections, each claimed by this process."""
    made = [Connection(user=user, provider="sandbox", state="active") for _ in range(MANY)]
    await Connection.objects.abulk_create(made)
    found = []
    for connection in made:
        run = await run_db(SyncRun.objects.request, connection_id=connection.id, trigger="manual")
        claimed = await run_db(SyncRun.objects.claim, run.id)
        assert claimed is not None
        found.append(
            Pull(
                run=claimed,
                connector=connectors.get("sandbox"),
                telling=telling,
                outcome=Outcome(),
                present={},
                listed=AsyncMock(),
                turn=landing,
            )
        )
    return found


async def test_t10_of_pulls_that_have_their_answers_a_few_land_at_once(ana: User) -> None:
    inside = most = 0
    full, go_on = asyncio.Event(), asyncio.Event()

    async def telling(_: Wanted) -> AsyncGenerator[Batch, None]:
        yield Batch(turn="one")

    async def landing(_: str) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        if inside == LANDING:
            full.set()
        await go_on.wait()
        inside -= 1

    async with asyncio.timeout(60):
        reading = asyncio.gather(*(pull.read() for pull in await pulls(ana, telling, landing)))
        await full.wait()
        await run_db(int)  # time enough for all that would land too
        go_on.set()
        await reading
    assert most == LANDING


async def test_t10_pulls_that_wait_for_their_institutions_keep_nobody_from_landing(ana: User) -> None:
    slow, answered, quick_ones = iter([True] * LANDING), asyncio.Event(), asyncio.Semaphore(0)

    async def telling(_: Wanted) -> AsyncGenerator[Batch, None]:
        yield Batch(turn="one")
        if next(slow, False):
            await answered.wait()

    async def read(pull: Pull) -> None:
        await pull.read()
        quick_ones.release()

    async with asyncio.timeout(60):
        reading = asyncio.gather(*map(read, await pulls(ana, telling, AsyncMock())))
        for _ in range(MANY - LANDING):
            await quick_ones.acquire()
        assert not reading.done()
        answered.set()
        await reading
