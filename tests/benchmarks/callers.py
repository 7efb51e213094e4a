"""One of the processes whose callers all want the same token; prints how long each waited."""

import asyncio
import json
import sys
import time
from uuid import UUID

from dashtam.installation import local

local.load_secrets()

import django  # noqa: E402

django.setup()

from dashtam.bridge.doors import database_context, warm_up  # noqa: E402
from providers import wiring  # noqa: E402


async def call(connection_id: UUID) -> float:
    started = time.perf_counter()
    async with database_context():
        await wiring.token_service().get_access_token(connection_id=connection_id)
    return time.perf_counter() - started


async def main(connection_id: UUID, callers: int) -> list[float]:
    async with database_context():
        await warm_up()
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return await asyncio.gather(*(call(connection_id) for _ in range(callers)))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(UUID(sys.argv[1]), int(sys.argv[2])))))
