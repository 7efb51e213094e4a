"""Writing down what exists only in our hands."""

import asyncio
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError

from dashtam.bridge import run_db
from dashtam.database_threads import DatabaseBusy

P = ParamSpec("P")
T = TypeVar("T")
logger = logging.getLogger(__name__)
STORE_SECONDS = 30.0


async def run_db_at_last(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Like `run_db`, but a database that is away is waited for: what is at stake exists nowhere else.

    For a single statement or transaction that may be repeated. Raises what the database raises after
    STORE_SECONDS.
    """
    loop, pause = asyncio.get_running_loop(), 0.1
    end = loop.time() + STORE_SECONDS
    while True:
        try:
            return await run_db(function, *args, **kwargs)
        except (OperationalError, InterfaceError, DatabaseBusy):
            if loop.time() > end:
                raise
            logger.error("What is new could not be stored yet; trying on.")
            await asyncio.sleep(pause)
            pause = min(2 * pause, 3.0)
