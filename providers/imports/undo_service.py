"""ImportUndoService: takes imported files back."""

import asyncio
from uuid import UUID

from dashtam import limits
from dashtam.bridge.doors import keep_running, run_db_long
from notifications.services.live_event_service import LiveEventService
from providers.imports.undo import Undoing, take_back

UNDO_BY_PERSON = limits.Limit("import undo by person", 60, 3600, told=True)


class ImportUndoService:
    """Takes imports back, each whole and once."""

    def __init__(self, *, live_events: LiveEventService) -> None:
        self.live_events = live_events

    async def take_back(self, *, user_id: UUID, import_id: UUID, with_accounts: bool) -> Undoing:
        """Remove what only this import has brought, and forget it; what was seen elsewhere stays.

        With `with_accounts` the accounts that only it fed are deleted. Raises NotFound, ImportUnderWay and
        ImportNotTraced.
        """
        await limits.require((UNDO_BY_PERSON, user_id))
        work = run_db_long(take_back, user_id, import_id, with_accounts=with_accounts)
        effect = await asyncio.shield(keep_running(work))
        await self.live_events.publish(user_id=user_id, type="import.taken_back", import_id=import_id)
        return effect
