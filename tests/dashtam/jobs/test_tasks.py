"""Background work in general."""

import asyncio
import functools
import traceback
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.jobs.background import TaskFailed, TaskPostponed, background, defer
from dashtam.jobs.ended import AT_ONCE
from tests.jobs import run_queued
from tests.staff import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def an_empty_queue(db: None) -> None:
    """Tests that commit empty the tables of our own models, and leave the queue as it is."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def finished_days_ago(days: int) -> int | None:
    """A job that ended well so many days ago."""
    job = defer("dashtam.tasks.tidy_jobs", timestamp=days, queueing_lock=f"test-{days}")
    run_queued()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_events SET at = at - make_interval(days => %s) WHERE job_id = %s",
            [days, job],
        )
    return job


def test_jobs_that_went_well_are_forgotten_after_three_days() -> None:
    old, recent = finished_days_ago(4), finished_days_ago(2)
    defer("dashtam.tasks.tidy_jobs", timestamp=0)
    run_queued()
    left = set(ProcrastinateJob.objects.values_list("id", flat=True))
    assert recent in left
    assert old not in left


def test_s15_old_jobs_are_found_in_parts_beyond_those_that_stay() -> None:
    for status, days in (("failed", 31), ("failed", 4), ("succeeded", 4), ("succeeded", 2)):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO procrastinate_jobs (task_name, queue_name, status)"
                " SELECT 'past', %s, %s FROM generate_series(1, %s)",
                [f"{status} {days}", status, AT_ONCE + 1],
            )
            cursor.execute(
                "INSERT INTO procrastinate_events (job_id, type, at)"
                " SELECT id, 'deferred', now() - make_interval(days => %s) FROM procrastinate_jobs"
                " WHERE queue_name = %s",
                [days, f"{status} {days}"],
            )
    defer("dashtam.tasks.tidy_jobs", timestamp=0)
    run_queued()
    left = Counter(ProcrastinateJob.objects.filter(task_name="past").values_list("queue_name", flat=True))
    assert left == {"failed 4": AT_ONCE + 1, "succeeded 2": AT_ONCE + 1}


def test_a_job_whose_worker_died_is_given_to_the_living() -> None:
    job = defer("dashtam.tasks.tidy_jobs", timestamp=1, queueing_lock="of a worker that died")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 minutes') RETURNING id"
        )
        (worker,) = cursor.fetchone()
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE id = %s", [worker, job]
        )
    defer("dashtam.tasks.tidy_jobs", timestamp=2)
    run_queued(limit=3)
    assert ProcrastinateJob.objects.get(id=job).status == "succeeded"


async def test_the_message_of_a_foreign_exception_reaches_no_log(caplog: pytest.LogCaptureFixture) -> None:
    @background(name="tests.failing")
    async def failing() -> None:
        raise ValueError("Failing row contains (ana@example.org, 1234567890)")

    with pytest.raises(TaskFailed) as failure:
        await failing.func()
    printed = "".join(traceback.format_exception(failure.value)) + caplog.text
    (line,) = (record for record in caplog.records if record.getMessage() == "exception.unhandled")
    assert line.fields["exception"].startswith("ValueError < ")  # type: ignore[attr-defined]
    assert "ana@example.org" not in printed


@pytest.mark.parametrize("cause", [asyncio.CancelledError(), TaskPostponed()])
def test_s14_a_sync_that_was_cut_short_is_tried_again_soon(cause: BaseException) -> None:
    task = app.tasks["providers.tasks.run_sync"]
    job = task.configure().make_new_job(run_id="1")
    assert task.get_retry_exception(exception=cause, job=job) is not None
    assert task.get_retry_exception(exception=TaskFailed(), job=job) is None


async def test_s14_a_task_that_meets_an_outage_says_so() -> None:
    @background(name="tests.away")
    async def fails() -> None:
        raise OperationalError("terminating connection due to administrator command")

    with pytest.raises(TaskPostponed) as refused:
        await fails.func()
    assert "terminating" not in str(refused.value)


def failed(lock: str | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (task_name, queue_name, status, queueing_lock, attempts)"
            " VALUES ('dashtam.tasks.tidy_jobs', 'schedule', 'failed', %s, 8) RETURNING id",
            [lock],
        )
        return int(cursor.fetchone()[0])


async def test_staff_for_operations_run_jobs_again_that_failed_and_no_others(
    make_user: Callable[..., User],
) -> None:
    gone, doubled = await run_db(failed), await run_db(failed, "one")
    waiting = await run_db(
        functools.partial(defer, "dashtam.tasks.tidy_jobs", timestamp=0, queueing_lock="one")
    )
    form = {"action": "run_again", "_selected_action": [str(gone), str(doubled), str(waiting)]}
    for role, expected in (("Support", 403), ("Operations", 302)):
        staff = await Staff.arrives(await run_db(make_user, role, is_staff=True), role)
        answer = await staff.post("/admin/procrastinate/procrastinatejob/", **form)
        assert answer.status_code == expected
        status = {job.id: job.status async for job in ProcrastinateJob.objects.all()}
        again = "todo" if role == "Operations" else "failed"
        assert status == {gone: again, doubled: "failed", waiting: "todo"}
