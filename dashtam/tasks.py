"""Background work: procrastinate tasks that enter the database context as requests do."""

import functools
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager
from procrastinate.tasks import Task

from dashtam import logs, metrics, problems, watch
from dashtam.bridge import database_context
from dashtam.errors import DashtamError
from dashtam.logs import request_id

P = ParamSpec("P")
logger = logging.getLogger(__name__)

DEAD_AFTER_SECONDS = 30
RETRY = RetryStrategy(max_attempts=8, wait=2, exponential_wait=3)


class TaskFailed(DashtamError):
    """Stands for an exception that is not ours, whose message nobody should print."""

    code = "task_failed"


def background(**options: Any) -> Callable[[Callable[P, Awaitable[None]]], Task[P, Any, P]]:
    """Declare a task. Arguments are ids, never secrets: they are stored and shown to support staff.

    Deferred with `.defer()` inside a transaction, the task exists only if the transaction commits.
    """

    def declare(function: Callable[P, Awaitable[None]]) -> Task[P, Any, P]:
        @functools.wraps(function)
        async def run(*args: P.args, **kwargs: P.kwargs) -> None:
            request_id.set(secrets.token_hex(8))
            async with database_context():
                try:
                    await function(*args, **kwargs)
                except DashtamError:
                    raise  # made here, carries nothing
                except Exception as error:  # noqa: BLE001 the outermost frame of a task
                    # The worker prints what it is given, and a database's message quotes the row.
                    problems.log_if_ours(error, problems.typed(error))
                    raise TaskFailed from None

        task: Task[P, Any, P] = app.task(**{"task_middleware": [_told], **options})(run)
        task.defer = functools.partial(defer, task)  # type: ignore[method-assign,assignment]
        return task

    return declare


async def _told(call_next: Callable[[], Awaitable[None]], context: Any, worker: Any) -> None:
    """Names task and job in each line of a run, and writes one when it ends."""
    watch.start("worker")
    logs.carried.set({"task": context.job.task_name, "job_id": context.job.id})
    started, outcome = time.perf_counter(), "failed"
    try:
        await call_next()
        outcome = "succeeded"
    finally:
        seconds = time.perf_counter() - started
        metrics.task(context.job.task_name, outcome, seconds)
        logs.event(logger, "task.ended", outcome=outcome, ms=round(seconds * 1000, 1))


def defer(task: Task[..., Any, ...], *, queueing_lock: str | None = None, **arguments: Any) -> int | None:
    """Queue a task in the caller's transaction, in the web server and in the worker alike.

    In the worker procrastinate's own `defer` would use a connection of its own, and the task might start
    before the rows it is about are there. Raises procrastinate's AlreadyEnqueued for a lock that waits.
    """
    job = task.configure(queueing_lock=queueing_lock).make_new_job(**arguments)
    return JobManager(DjangoConnector()).defer_job(job=job).id


@app.periodic(cron="* * * * *")
@background(queue="schedule", queueing_lock="tidy_jobs")
async def tidy_jobs(timestamp: int) -> None:
    """Give the jobs of workers that died to those that live, and forget what ended some days ago.

    Every task may be run again: each first claims the row it is about.
    """
    jobs = app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS):
        await jobs.retry_job(job)
    await jobs.delete_old_jobs(nb_hours=72, include_cancelled=True, include_aborted=True)
    await jobs.delete_old_jobs(nb_hours=24 * 30, include_failed=True)
