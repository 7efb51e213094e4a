"""The heartbeat of a sync run: a sign of life every few seconds, also while an institution answers nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.db import DatabaseError, InterfaceError

from dashtam.bridge.doors import run_db
from dashtam.errors import DashtamError
from providers.sync.models import SyncRun


@asynccontextmanager
async def alive(run: SyncRun) -> AsyncIterator[None]:
    """Keep the run from being taken over while the block runs."""
    heart = asyncio.create_task(_beat(run))
    try:
        yield
    finally:
        heart.cancel()
        await asyncio.gather(heart, return_exceptions=True)


async def _beat(run: SyncRun) -> None:
    while True:
        await asyncio.sleep(SyncRun.BEAT.total_seconds())
        try:
            await run_db(SyncRun.objects.beat, run)
        except (DatabaseError, InterfaceError, DashtamError):
            continue  # a run that cannot be written to finds out by its next page
