"""Background work: procrastinate tasks that enter the database context as requests do."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.manager import JobManager
from procrastinate.tasks import Task

from dashtam.bridge import database_context

P = ParamSpec("P")

RETRY = RetryStrategy(max_attempts=8, wait=2, exponential_wait=3)


def background(**options: Any) -> Callable[[Callable[P, Awaitable[None]]], Task[P, Any, P]]:
    """Declare a task. Arguments are ids, never secrets: they are stored and shown to support staff.

    Deferred with `.defer()` inside a transaction, the task exists only if the transaction commits.
    """

    def declare(function: Callable[P, Awaitable[None]]) -> Task[P, Any, P]:
        @functools.wraps(function)
        async def run(*args: P.args, **kwargs: P.kwargs) -> None:
            async with database_context():
                await function(*args, **kwargs)

        task: Task[P, Any, P] = app.task(**options)(run)
        task.defer = functools.partial(defer, task)  # type: ignore[method-assign,assignment]
        return task

    return declare


def defer(task: Task[..., Any, ...], *, queueing_lock: str | None = None, **arguments: Any) -> int | None:
    """Queue a task in the caller's transaction, in the web server and in the worker alike.

    In the worker procrastinate's own `defer` would use a connection of its own, and the task might start
    before the rows it is about are there. Raises procrastinate's AlreadyEnqueued for a lock that waits.
    """
    job = task.configure(queueing_lock=queueing_lock).make_new_job(**arguments)
    return JobManager(DjangoConnector()).defer_job(job=job).id


@app.periodic(cron="7 * * * *")
@background(queue="schedule", queueing_lock="forget_finished_jobs")
async def forget_finished_jobs(timestamp: int) -> None:
    """Drop the record of what went well after three days, and of what failed after a month."""
    await app.job_manager.delete_old_jobs(nb_hours=72, include_cancelled=True, include_aborted=True)
    await app.job_manager.delete_old_jobs(nb_hours=24 * 30, include_failed=True)
