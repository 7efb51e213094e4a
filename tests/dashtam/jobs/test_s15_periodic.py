"""Periodic tasks when the clock of a machine is wrong."""

import time
from typing import Any

import pytest
import time_machine
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from dashtam.bridge.doors import run_db
from dashtam.jobs.lanes import lanes
from dashtam.jobs.periodic import DatabaseClockDeferrer, DatabaseClockWorker

pytestmark = pytest.mark.django_db


class Waits(Exception):
    """The deferrer has queued what is due."""


class Once(DatabaseClockDeferrer):
    async def wait(self, next_tick: float) -> None:
        assert 0 < next_tick <= 60
        raise Waits


def minutes_of(found: Any) -> set[int]:
    return {timestamp for task, timestamp in found if task.task.name == "dashtam.tasks.tidy_jobs"}


async def test_s15_what_is_due_goes_by_the_clock_of_the_database() -> None:
    await run_db(lambda: ProcrastinateJob.objects.filter(status="todo").update(status="cancelled"))
    now = time.time()
    with time_machine.travel(now + 600, tick=True), pytest.raises(Waits):
        await Once(app).worker()
    jobs = ProcrastinateJob.objects.filter(status="todo", task_name="dashtam.tasks.tidy_jobs")
    job = await run_db(jobs.get)
    assert now - 61 <= job.args["timestamp"] <= now + 60


def test_s15_a_clock_that_is_set_back_costs_no_minute() -> None:
    deferrer, now = DatabaseClockDeferrer(app), 1_800_000_000.0
    assert minutes_of(deferrer.get_previous_tasks(at=now + 601)) == {now + 600}
    assert minutes_of(deferrer.get_previous_tasks(at=now + 1)) == {now}
    assert minutes_of(deferrer.get_previous_tasks(at=now + 61)) == {now + 60}
    assert not minutes_of(deferrer.get_previous_tasks(at=now + 62))


def test_s04_one_lane_alone_queues_what_is_due() -> None:
    working = [(lane.name, DatabaseClockWorker(app, queues=list(lane.queues))) for lane in lanes()]
    assert [name for name, worker in working if worker.queues_what_is_due] == ["schedule"]
    assert DatabaseClockWorker(app).queues_what_is_due  # a worker of all queues
    queues = {each.task.queue for each in app.periodic_registry.periodic_tasks.values()}
    assert "schedule" in queues  # that lane queues tasks of all others too
