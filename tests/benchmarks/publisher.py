"""Publishes one live event to each of many people, as a worker does; prints when, by the monotonic clock."""

import asyncio
import json
import sys
import time
from uuid import UUID

from dashtam.installation import local

local.load_secrets()

import django  # noqa: E402

django.setup()

from notifications.wiring import live_event_service  # noqa: E402


async def main(people: list[str]) -> list[float]:
    """One after the other."""
    started = []
    for person in people:
        started.append(time.monotonic())
        await live_event_service().publish(user_id=UUID(person), type="sync.finished")
    return started


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.stdin.readline())))))
