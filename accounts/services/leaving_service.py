"""Leaving: announced, taken back, carried out."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from accounts.models import User
from accounts.services.sessions.session_service import SessionService
from dashtam.bridge.doors import run_db

Eraser = Callable[[UUID], Awaitable[None]]

ERASERS: list[Eraser] = []


def erases(eraser: Eraser) -> Eraser:
    """Register what an app does about its own part of a person's data before the person's row is deleted.

    It may be killed half-way, and is then called again.
    """
    ERASERS.append(eraser)
    return eraser


class LeavingService:
    """Begins a deletion, takes it back, and carries it out once the days of grace are over."""

    def __init__(self, *, sessions: SessionService, erasers: Sequence[Eraser]) -> None:
        self.sessions = sessions
        self.erasers = erasers

    async def leave(self, *, user_id: UUID) -> None:
        """End every session and key now, and have the account deleted when the days of grace are over."""
        await self.sessions.end(User.objects.leave, user_id=user_id)

    async def stay(self, *, user_id: UUID) -> None:
        """Keep the account after all. What ended stays ended. Raises DeletionBegun."""
        await self.sessions.forget(await run_db(User.objects.stay, user_id=user_id))

    async def erase_due(self) -> int:
        """Delete the people whose days of grace are over. Returns how many. Killed half-way, the next call goes on."""
        return sum([await self._erase(user_id) for user_id in await run_db(User.objects.due_to_leave)])

    async def _erase(self, user_id: UUID) -> bool:
        for erase in self.erasers:
            await erase(user_id)
        return await self.sessions.end(User.objects.erase, user_id=user_id) is not None
