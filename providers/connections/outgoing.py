"""Permission to call institutions: a copy of an installation has none until it is told otherwise."""

from dashtam.bridge.doors import run_db
from dashtam.installation.identity import Installation
from providers.errors import OutgoingPaused


async def require_outgoing() -> None:
    """Raises OutgoingPaused where this database is a copy. Asked before anything that uses a consent or its tokens."""
    if await run_db(Installation.objects.outgoing_paused):
        raise OutgoingPaused
