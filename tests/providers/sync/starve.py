"""A process that carries out a queued run with hardly any memory left; see test_s14_memory.py."""

import asyncio
import os
import resource
import sys
from pathlib import Path
from uuid import UUID

from dashtam.installation import local

local.load_secrets()

import django  # noqa: E402

django.setup()

from dashtam.bridge.doors import database_context, warm_up  # noqa: E402
from providers import wiring  # noqa: E402


def address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def main(run_id: UUID, room: int) -> None:
    async with database_context():
        await warm_up()
        used = address_space()
        resource.setrlimit(resource.RLIMIT_AS, (used + room, used + room))
        try:
            await wiring.sync_service().run(run_id=run_id)
        except (MemoryError, RuntimeError) as error:
            print(type(error).__name__)


if __name__ == "__main__":
    asyncio.run(main(UUID(sys.argv[1]), int(sys.argv[2])))
