"""Runs queued background work inside a test, on the test's own database connection."""

import inspect
from typing import Any

from asgiref.sync import async_to_sync
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob


def queued() -> list[tuple[str, dict[str, Any]]]:
    """Names and arguments of the jobs that wait, oldest first."""
    return [(job.task_name, job.args) for job in _waiting()]


def run_queued(*, limit: int = 50) -> int:
    """Run waiting jobs, and those they queue, until none is left. Returns how many ran."""
    ran = 0
    while jobs := list(_waiting()):
        for job in jobs:
            ran += 1
            assert ran <= limit, "jobs keep queueing jobs"
            _remove(job.id)
            async_to_sync(inspect.unwrap(app.tasks[job.task_name].func))(**job.args)
    return ran


async def run_now(task: Any, **arguments: Any) -> None:
    """Run this task at once, as the worker would."""
    await inspect.unwrap(task.func)(**arguments)


def _waiting() -> Any:
    return ProcrastinateJob.objects.filter(status="todo").order_by("id")


def _remove(job_id: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = %s", [job_id])
        cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = %s", [job_id])
