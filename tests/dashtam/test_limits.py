"""Limits: all or none, over all processes, and also while the server that counts them is away."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from dashtam import limits
from dashtam.cache import cache, close_cache
from dashtam.errors import TooManyRequests
from dashtam.limits import Buckets, Limit

FIVE = Limit("five", 5, 300)
TWO = Limit("two", 2, 3600)
NOWHERE = "redis://127.0.0.1:1/0"


async def taken(limit: Limit, key: str, tries: int) -> int:
    waits = await asyncio.gather(*(limits.take((limit, key)) for _ in range(tries)))
    return sum(wait == 0 for wait in waits)


async def test_of_many_at_once_as_many_pass_as_the_limit_says() -> None:
    assert await taken(FIVE, "ana", 50) == 5
    assert await taken(FIVE, "ben", 50) == 5


async def test_the_refusal_says_when_the_next_one_comes_back() -> None:
    await taken(FIVE, "ana", 5)
    with pytest.raises(TooManyRequests) as refused:
        await limits.require((FIVE, "ana"))
    assert 55 <= (refused.value.retry_after or 0) <= 60


async def test_a_refusal_by_one_limit_takes_from_no_other() -> None:
    await taken(TWO, "ana", 2)
    for _ in range(10):
        assert await limits.take((FIVE, "ana"), (TWO, "ana")) > 0
    assert await taken(FIVE, "ana", 10) == 5


async def test_what_is_given_back_can_be_taken_again() -> None:
    assert await taken(TWO, "ana", 5) == 2
    await limits.undo(once=[(TWO, "ana")])
    assert await taken(TWO, "ana", 5) == 1


async def test_what_is_cleared_starts_anew() -> None:
    assert await taken(TWO, "ana", 5) == 2
    await limits.undo(all=[(TWO, "ana")])
    assert await taken(TWO, "ana", 5) == 2


def test_several_processes_share_one_count(settings: Any) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.dashtam.take_from_limit",
        settings.CACHE_PREFIX,
        "shared",
        "5",
        "30",
    ]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    counts = [int(process.communicate(timeout=60)[0]) for process in running]
    assert sum(counts) == 5


async def test_what_other_processes_took_is_not_taken_from_the_other_limits(settings: Any) -> None:
    arguments = [settings.CACHE_PREFIX, "two", "2", "5"]
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.dashtam.take_from_limit", *arguments, stdout=subprocess.PIPE
    )
    assert (await other.communicate())[0].strip() == b"2"
    assert await limits.take((FIVE, "somebody"), (TWO, "somebody")) > 0
    assert await taken(FIVE, "somebody", 10) == 5


async def test_without_the_server_the_same_numbers_hold(settings: Any) -> None:
    settings.REDIS_URL = NOWHERE
    assert await taken(FIVE, "ana", 50) == 5


async def test_a_server_that_was_emptied_does_not_open_the_gate() -> None:
    await taken(FIVE, "ana", 5)
    await cache().client.flushdb()
    assert await taken(FIVE, "ana", 5) == 0


async def test_a_server_that_goes_away_meanwhile_does_not_open_the_gate(settings: Any) -> None:
    await taken(FIVE, "ana", 5)
    await close_cache()
    settings.REDIS_URL = NOWHERE
    assert await taken(FIVE, "ana", 5) == 0


async def test_a_server_that_hangs_costs_half_a_second_and_does_not_open_the_gate(settings: Any) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    settings.REDIS_URL = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    async with asyncio.timeout(5):
        assert await taken(FIVE, "ana", 50) == 5
    server.close()


async def test_no_key_names_anybody() -> None:
    await limits.require((FIVE, "ana@example.org"), (TWO, "203.0.113.0/24"))
    async with limits.concurrent("export", "ana@example.org", at_most=1, seconds=5):
        keys = b" ".join([key async for key in cache().client.scan_iter(f"{cache().prefix}*")])
    assert keys.count(b":limit:") == 3
    assert b"ana" not in keys.removeprefix(cache().prefix.encode())
    assert b"203.0.113" not in keys


def test_memory_is_bounded_and_what_finds_no_room_is_known_not_to_be_counted() -> None:
    buckets = Buckets(entries=10)
    for number in range(50):
        assert buckets.take([f"key {number}"], [(60.0, 60.0)]) == 0
    assert len(buckets.full_at) == 10
    assert buckets.remembers(["key 9"])
    assert not buckets.remembers(["key 10"])


async def test_only_so_many_run_at_once_and_then_the_next() -> None:
    async with limits.concurrent("export", "ana", at_most=1, seconds=60):
        with pytest.raises(TooManyRequests):
            async with limits.concurrent("export", "ana", at_most=1, seconds=60):
                pass
        async with limits.concurrent("export", "ben", at_most=1, seconds=60):
            pass
    async with limits.concurrent("export", "ana", at_most=1, seconds=60):
        pass


async def test_the_place_of_a_process_that_died_becomes_free() -> None:
    async with limits.concurrent("export", "ana", at_most=1, seconds=60):
        (key,) = [key async for key in cache().client.scan_iter(f"{cache().prefix}*")]
    await cache().client.zadd(key, {"somebody who died": 1})
    async with limits.concurrent("export", "ana", at_most=1, seconds=60):
        pass
    await cache().client.zadd(key, {"somebody at work elsewhere": 1e14})
    with pytest.raises(TooManyRequests):
        async with limits.concurrent("export", "ana", at_most=1, seconds=60):
            pass


async def test_without_the_server_only_so_many_run_at_once_too(settings: Any) -> None:
    settings.REDIS_URL = NOWHERE
    async with limits.concurrent("export", "ana", at_most=1, seconds=60):
        with pytest.raises(TooManyRequests):
            async with limits.concurrent("export", "ana", at_most=1, seconds=60):
                pass
