"""Background work of accounts."""

from uuid import UUID

from accounts import wiring
from dashtam.tasks import RETRY, background


@background(retry=RETRY)
async def announce_ended_sessions(session_ids: list[str]) -> None:
    """Make known that sessions ended, where the request itself could not."""
    await wiring.session_service().announce(session_ids=[UUID(session_id) for session_id in session_ids])
