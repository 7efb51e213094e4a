"""Work that the lanes of a worker do together, once for all of them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

Member = TypeVar("Member")


class Together(Generic[Member]):
    """One task for all who have joined: begun by the first, ended after the last. If it fails, it fails for all."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.work = work
        self.members: list[Member] = []
        self.task: asyncio.Task[None] | None = None

    async def join(self, member: Member) -> None:
        """Take part until cancelled. Raises what the work raises."""
        self.members.append(member)
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self.work())
        task = self.task
        try:
            await asyncio.shield(task)
        finally:
            self.members.remove(member)
            if not self.members:
                self.task = None  # who joins from now on begins anew
                task.cancel()
                await asyncio.wait({task})
