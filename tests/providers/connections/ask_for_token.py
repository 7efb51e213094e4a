"""One of many processes that want the token of the same connection; see test_token_processes.py."""

import asyncio
import sys
from uuid import UUID

from dashtam.installation import local

local.load_secrets()

import django  # noqa: E402

django.setup()

from dashtam.bridge.doors import database_context  # noqa: E402
from providers import wiring  # noqa: E402
from providers.connections.models import ProviderToken  # noqa: E402
from providers.errors import ProviderError  # noqa: E402


async def token(connection_id: UUID) -> str:
    try:
        await wiring.token_service().get_access_token(connection_id=connection_id)
    except ProviderError as error:
        return error.code
    return "ok"


async def ask(connection_id: UUID) -> str:
    """As a request or task does: in a database context of its own."""
    async with database_context():
        return await token(connection_id)


async def hang_up(connection_id: UUID) -> str:
    """Cancel a request in the middle of its refresh, and leave; then ask again."""
    async with database_context():
        request = asyncio.create_task(token(connection_id))
        while not await ProviderToken.objects.filter(lease_id__isnull=False).aexists():
            assert not request.done()
        request.cancel()
        await asyncio.wait({request})
    print("gone", flush=True)
    return await ask(connection_id)


if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.readline()
    print(asyncio.run({"ask": ask, "hang_up": hang_up}[sys.argv[1]](UUID(sys.argv[2]))))
