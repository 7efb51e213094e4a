"""What a token and an envelope cost, against a hop to a thread and back."""

import asyncio
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene

TIMES = 3_000


def _each(function: Callable[[], object]) -> float:
    """Microseconds of one call, the median: what else the machine does must not count."""
    took = []
    for _ in range(TIMES):
        started = time.perf_counter()
        function()
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e6


async def _hop() -> float:
    """Microseconds from the event loop to a thread and back, when nobody else wants either."""
    loop = asyncio.get_running_loop()
    took = []
    with ThreadPoolExecutor(1) as pool:
        for _ in range(TIMES):
            started = time.perf_counter()
            await loop.run_in_executor(pool, int)
            took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e6


def measure(_: Scene | None = None) -> list[Row]:
    """Needs Django to be set up."""
    from accounts.wiring import jwt_service
    from dashtam.wiring import encryption_service

    tokens, envelopes = jwt_service(), encryption_service()
    token = tokens.create_access_token(user_id=uuid4(), session_id=uuid4()).token
    sealed = envelopes.encrypt(b"x" * 200, row="benchmarks/1/token")
    read = _each(lambda: tokens.decode_access_token(token))
    opened = _each(lambda: envelopes.decrypt(sealed, row="benchmarks/1/token"))
    hop = asyncio.run(_hop())
    return [
        row("P10.jwt", "reading an access token", read, "µs", yardstick=100, at_most=1.0),
        row("P10.aes", "opening an envelope", opened, "µs", yardstick=100, at_most=1.0),
        row("P10.hop", "reading an access token ÷ a hop to a thread", read, "µs", yardstick=hop, at_most=1.5),
    ]
