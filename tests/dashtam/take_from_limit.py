"""A process of its own that takes from a limit as often as it can: python -m tests.dashtam.take_from_limit."""

import asyncio
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "dashtam.settings"

import django
from django.conf import settings

from dashtam import limits
from dashtam.cache import close_cache


async def _take(prefix: str, name: str, times: int, tries: int) -> None:
    settings.CACHE_PREFIX = prefix
    limit = limits.Limit(name, times, 3600)
    waits = await asyncio.gather(*(limits.take((limit, "somebody")) for _ in range(tries)))
    await close_cache()
    print(sum(wait == 0 for wait in waits))


if __name__ == "__main__":
    django.setup()
    asyncio.run(_take(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
