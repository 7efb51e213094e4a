"""The crowd before the hashing threads: how large it may be, who gets in, and who leaves it."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from dashtam.bridge.hashing import HashingPool
from dashtam.errors import ServiceBusy


@pytest.fixture
def pool() -> Iterator[HashingPool]:
    made = HashingPool(threads=1, wait=4)
    yield made
    made.threads.shutdown()


async def hash_on(pool: HashingPool, work: object) -> object:
    with pool.place(stranger=True) as place:
        return await place.run(work)  # type: ignore[arg-type]


async def occupied(pool: HashingPool, go: threading.Event) -> "asyncio.Task[object]":
    """A caller whose hash runs until `go`."""
    running, loop = asyncio.Event(), asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(running.set)
        go.wait(30)

    task = asyncio.create_task(hash_on(pool, work))
    await running.wait()
    return task


async def test_b8_whoever_gave_up_waiting_is_not_hashed_for_and_makes_room(pool: HashingPool) -> None:
    go, hashed = threading.Event(), []
    first = await occupied(pool, go)
    waiting = [asyncio.create_task(hash_on(pool, lambda: hashed.append(1))) for _ in range(5)]
    await asyncio.sleep(0)
    assert pool.held == 6
    for task in waiting[:4]:
        task.cancel()
    await asyncio.wait(waiting[:4])
    assert pool.held == 2
    go.set()
    await asyncio.gather(first, waiting[4])
    assert (pool.held, hashed) == (0, [1])


async def test_b8_a_hash_that_runs_keeps_its_place_though_nobody_waits_any_more(pool: HashingPool) -> None:
    go = threading.Event()
    first = await occupied(pool, go)
    first.cancel()
    await asyncio.wait({first})
    assert pool.held == 1
    go.set()
    await hash_on(pool, int)
    assert pool.held == 0


def crowd(pool: HashingPool, *, stranger: bool) -> int:
    """The number of callers that get a place."""
    with ExitStack() as inside:
        with suppress(ServiceBusy):
            while pool.held < 1000:
                inside.enter_context(pool.place(stranger=stranger))
        return pool.held


async def test_b8_as_many_get_in_as_can_be_hashed_in_time_and_strangers_leave_room() -> None:
    pool = HashingPool(threads=2, wait=4)
    pool.seconds = 0.25
    assert crowd(pool, stranger=False) == 33  # 4 seconds of two threads, and the one that comes next
    assert crowd(pool, stranger=True) == 25
    pool.seconds = 0.5
    assert crowd(pool, stranger=True) == 13
    pool.seconds = 60.0
    assert crowd(pool, stranger=True) == 2, "a thread that has nothing to do takes whoever comes"


async def test_b8_the_pace_is_the_pace_of_the_latest_hashes(pool: HashingPool) -> None:
    pool.seconds, pool.timings = 60.0, 100
    for _ in range(30):
        await hash_on(pool, int)
    assert pool.seconds < 1


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")
async def test_hashing_threads_give_way_to_the_event_loop(pool: HashingPool) -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert await hash_on(pool, priority) == 10 > priority()
