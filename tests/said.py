"""SQL statements recorded while a test tries something."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashtam.bridge.doors import run_db


@asynccontextmanager
async def listening() -> AsyncIterator[list[str]]:
    """`async with listening() as said:` fills the list with the statements when the block ends.

    Read where they were said: the thread of the event loop has another connection, which says nothing.
    """
    said: list[str] = []
    capture = CaptureQueriesContext(connection)
    await run_db(capture.__enter__)
    try:
        yield said
    finally:
        await run_db(capture.__exit__, None, None, None)
        said += [query["sql"] for query in await run_db(lambda: list(capture.captured_queries))]
