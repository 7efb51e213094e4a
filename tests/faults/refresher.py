"""`python -m tests.faults.refresher SIGN CONNECTION CALLERS`: a process that waits to refresh a token with others.

Once the file SIGN is there, so many callers ask for the connection's access token at once. Printed is a digest of what
each got, or the name of its error.
"""

import asyncio
import hashlib
import os
import sys
import threading
from pathlib import Path
from uuid import UUID


async def asked(connection_id: UUID, callers: int) -> None:
    """Ask for the token, and print what came of it."""
    from dashtam.bridge.doors import database_context
    from providers.wiring import token_service

    async def one() -> str:
        try:
            token = await token_service().get_access_token(connection_id=connection_id)
        except Exception as error:  # noqa: BLE001 its name is the outcome
            return type(error).__name__
        return hashlib.sha256(token.encode()).hexdigest()[:16]

    async with database_context():
        print(*await asyncio.gather(*(one() for _ in range(callers))), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashtam.settings")
    import django

    django.setup()
    sign, connection, callers = sys.argv[1:]
    print("ready", flush=True)
    while not Path(sign).exists():
        threading.Event().wait(0.002)
    asyncio.run(asked(UUID(connection), int(callers)))
