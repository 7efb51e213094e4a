"""Upkeep: small work that each server process does every ten seconds, outside the job queue and its backlog.

An app registers its own when Django starts. What fails is tried again ten seconds later.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from django.db import DatabaseError, InterfaceError

from dashtam.bridge.doors import database_context
from dashtam.errors import DashtamError
from dashtam.processes import supervisor

logger = logging.getLogger(__name__)

EVERY_SECONDS = 10.0
Work = Callable[[], Awaitable[None]]

_registered: list[Work] = []


def register(work: Work) -> None:
    """Have this done in web and worker processes, from their start on."""
    _registered.append(work)


async def keep_up(*own: Work) -> None:
    """Do what is registered, and what is this process's own, again and again until cancelled."""
    while True:
        for work in (*own, *_registered):
            supervisor.alive()
            try:
                async with database_context():
                    await work()
            except (DatabaseError, InterfaceError, DashtamError, OSError) as error:
                logger.debug("Upkeep waits (%s).", type(error).__name__)
        supervisor.alive()
        await asyncio.sleep(EVERY_SECONDS)
