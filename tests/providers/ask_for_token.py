"""One of many processes that want the token of the same connection; see test_token_processes.py."""

import asyncio
import sys
from uuid import UUID

from dashtam import local

local.load_secrets()

import django  # noqa: E402

django.setup()

from dashtam.bridge import database_context  # noqa: E402
from providers import wiring  # noqa: E402
from providers.errors import ProviderError  # noqa: E402


async def ask(connection_id: UUID) -> str:
    """Wait for the starting shot, then ask."""
    async with database_context():
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            await wiring.token_service().get_access_token(connection_id=connection_id)
        except ProviderError as error:
            return error.code
        return "ok"


if __name__ == "__main__":
    print(asyncio.run(ask(UUID(sys.argv[1]))))
