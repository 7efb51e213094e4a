"""Processes that compute: bounded, replaced when they were killed or have grown, and never a parent's secrets."""

import asyncio
import os
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from dashtam.bridge import computing
from dashtam.bridge.computing import Bounds, OutOfMemory, OutOfTime, ProcessLost, place_to_compute
from tests.dashtam.bridge import jobs

BOUNDS = Bounds(seconds=60, cpu_seconds=30, memory=100 << 20)


async def results(job: Callable[..., None], *args: object, bounds: Bounds = BOUNDS) -> list[Any]:
    async with place_to_compute() as place:
        return list((await place.start(job, *args, bounds=bounds)).rest())


async def test_s03_results_come_one_after_the_other() -> None:
    assert await results(jobs.count_to, 3) == [0, 1, 2]
    async with place_to_compute() as place:
        work = await place.start(jobs.count_to, 2, bounds=BOUNDS)
        assert [await work.next(), await work.next()] == [0, 1]
        with pytest.raises(StopAsyncIteration):
            await work.next()


async def test_s03_large_arguments_arrive_whole() -> None:
    assert await results(jobs.sized, b"x" * (20 << 20)) == [20 << 20]


async def test_s03_a_process_that_stayed_small_does_the_next_job_and_one_that_has_grown_does_not() -> None:
    (first,), (again,) = await results(jobs.who), await results(jobs.who)
    assert first == again != os.getpid()
    assert await results(jobs.hold, 60) == [60]
    (fresh,) = await results(jobs.who)
    assert psutil.Process(fresh).memory_info().rss < computing.KEPT_BYTES


async def test_s03_a_computing_process_has_no_secrets_in_its_environment() -> None:
    (found,) = await results(jobs.environment)
    assert set(found) <= {"LC_CTYPE"}


async def test_s03_memory_beyond_the_bound_is_refused() -> None:
    with pytest.raises(OutOfMemory):
        await results(jobs.hold, 500)
    assert await results(jobs.count_to, 1) == [0]


async def test_s03_processor_time_beyond_the_bound_ends_the_process() -> None:
    with pytest.raises(OutOfTime):
        await results(jobs.spin, bounds=Bounds(seconds=60, cpu_seconds=1, memory=100 << 20))
    assert await results(jobs.count_to, 1) == [0]


async def test_s03_a_job_that_says_nothing_for_too_long_is_killed() -> None:
    async with place_to_compute() as place:
        work = await place.start(jobs.rest, bounds=Bounds(seconds=0.2, cpu_seconds=30, memory=100 << 20))
        with pytest.raises(OutOfTime):
            await work.next()
    assert work.process.wait(20) < 0


async def test_s03_an_error_of_the_job_arrives_as_it_was_raised() -> None:
    with pytest.raises(LookupError, match="no such thing"):
        await results(jobs.fail)
    assert await results(jobs.count_to, 1) == [0]


async def test_s03_a_process_that_was_killed_is_told_apart_from_one_out_of_bounds() -> None:
    with pytest.raises(ProcessLost):
        await results(jobs.fall)


async def test_s03_a_caller_that_gives_up_takes_its_process_with_it() -> None:
    async with place_to_compute() as place:
        work = await place.start(jobs.spin, bounds=BOUNDS)
        waiting = asyncio.create_task(work.next())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
    assert work.process.wait(20) < 0


async def test_s03_jobs_run_side_by_side_up_to_a_bound(settings: Any) -> None:
    settings.COMPUTING_PROCESSES = 2
    async with place_to_compute() as one, place_to_compute() as other:
        assert computing.all_places_taken()
        works = [await place.start(jobs.who, bounds=BOUNDS) for place in (one, other)]
        assert len({await work.next() for work in works}) == 2
    assert not computing.all_places_taken()
