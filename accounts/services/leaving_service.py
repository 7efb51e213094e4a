"""Leaving: deleting an account after days of grace."""

from uuid import UUID

from accounts.models import User
from accounts.services.session_service import SessionService
from dashtam.bridge.doors import run_db


class LeavingService:
    """Begins and takes back a deletion. Carrying it out, connections included, is providers' work."""

    def __init__(self, *, sessions: SessionService) -> None:
        self.sessions = sessions

    async def leave(self, *, user_id: UUID) -> None:
        """End every session and key now, and have the account deleted when the days of grace are over."""
        await self.sessions.end(User.objects.leave, user_id=user_id)

    async def stay(self, *, user_id: UUID) -> None:
        """Keep the account after all. What ended stays ended. Raises DeletionBegun."""
        await self.sessions.forget(await run_db(User.objects.stay, user_id=user_id))
