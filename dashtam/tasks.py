"""Background work: procrastinate tasks that enter the database context as requests do."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
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
        return task

    return declare
