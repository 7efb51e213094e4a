"""Background work: procrastinate tasks that enter the database context as requests do."""

import asyncio
import functools
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ParamSpec

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.tasks import Task

from dashtam.bridge.database import is_outage
from dashtam.bridge.doors import database_context
from dashtam.errors import DashtamError
from dashtam.processes import recorder
from dashtam.telemetry import logs, metrics, traces
from dashtam.telemetry.logs import request_id
from dashtam.web import problems

P = ParamSpec("P")

logger = logging.getLogger(__name__)

RETRY = RetryStrategy(max_attempts=8, wait=2, exponential_wait=3)


class TaskFailed(DashtamError):
    """The replacement for a foreign exception, whose message may quote private data."""

    code = "task_failed"


class TaskPostponed(TaskFailed):
    """The replacement for an outage of the database."""

    code = "task_postponed"


# For a task that claims the row it is about, and so may run again: it was cut short by the end of its worker, which
# also comes when the worker loses the database, or by an outage.
RETRY_IF_CUT_SHORT = RetryStrategy(
    max_attempts=8,
    wait=5,
    retry_exceptions=(asyncio.CancelledError, TaskPostponed),  # type: ignore[arg-type]  # any exception will do
)


def background(**options: Any) -> Callable[[Callable[P, Awaitable[None]]], Task[P, Any, P]]:
    """Declare a task. Arguments are ids, never secrets: they are stored and shown to support staff."""

    def declare(function: Callable[P, Awaitable[None]]) -> Task[P, Any, P]:
        @functools.wraps(function)
        async def run(*args: P.args, **kwargs: P.kwargs) -> None:
            request_id.set(secrets.token_hex(8))
            async with database_context():
                try:
                    await function(*args, **kwargs)
                except DashtamError:
                    raise  # ours: its message carries no private data
                except Exception as error:  # noqa: BLE001 the outermost frame of a task
                    # The worker prints what it is given, and a database's message quotes the row.
                    problems.log_if_ours(error, problems.typed(error))
                    raise (TaskPostponed if is_outage(error) else TaskFailed) from None

        task: Task[P, Any, P] = app.task(**{"task_middleware": [_logged], **options})(run)
        return task

    return declare


async def _logged(call_next: Callable[[], Awaitable[None]], context: Any, worker: Any) -> None:
    """Names task and job in each line of a run, and writes one when it ends."""
    recorder.start("worker")
    logs.carried.set({"task": context.job.task_name, "job_id": context.job.id})
    started, outcome = time.perf_counter(), "failed"
    queue, job = context.job.queue, context.job.id
    try:
        with traces.span(context.job.task_name, "consumer", dashtam__queue=queue, dashtam__job_id=job):
            await call_next()
        outcome = "succeeded"
    finally:
        seconds = time.perf_counter() - started
        metrics.task(context.job.task_name, outcome, seconds)
        logs.event(logger, "task.ended", outcome=outcome, ms=round(seconds * 1000, 1))


def defer(name: str, **options: Any) -> int | None:
    """Queue the task of that name (`<app>.tasks.<function>`) in the caller's transaction; returns the job's id.

    The task is named, not imported, so that models and services need not know the tasks, which build on them.
    procrastinate's own `defer` would use a connection of its own in the worker, and the task might start before
    the rows it is about are committed. `queue` and `lock` replace the task's own; of the jobs with one lock one runs at
    a time, and the others take no place in a lane. With `seconds` it waits for so long. The other options are the
    task's arguments. Raises KeyError for an unknown name, procrastinate's AlreadyEnqueued for a lock that waits.
    """
    return JobManager(DjangoConnector()).defer_job(job=_job(name, **options)).id


def defer_all(name: str, options: Iterable[Mapping[str, Any]]) -> None:
    """Queue the task of that name once for each of the options of `defer`, in one statement."""
    if jobs := [_job(name, **each) for each in options]:
        JobManager(DjangoConnector()).batch_defer_jobs(jobs=jobs)


def _job(
    name: str,
    *,
    queueing_lock: str | None = None,
    queue: str | None = None,
    lock: str | None = None,
    seconds: int = 0,
    **arguments: Any,
) -> Job:
    own: dict[str, Any] = {name: value for name, value in {"queue": queue, "lock": lock}.items() if value}
    if seconds:
        own["schedule_in"] = {"seconds": seconds}
    return app.tasks[name].configure(queueing_lock=queueing_lock, **own).make_new_job(**arguments)
