"""A page of transactions far down in a long account, against the first one."""

import statistics
import time

import httpx

from dashtam.api.paging import cursor_at
from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import ROWS, Scene

TIMES = 300


def measure(scene: Scene) -> list[Row]:
    """The two are asked for in turns over one connection."""
    path = f"{scene.local}/api/v1/accounts/{scene.account}/transactions"
    deep = f"{path}?cursor={cursor_at(scene.key_at(scene.account, ROWS - ROWS // 100))}"
    first, last = [], []
    bearer = {"Authorization": f"Bearer {scene.token}"}
    with httpx.Client(headers=bearer, trust_env=False, timeout=30) as client:
        for _ in range(20):
            assert len(client.get(deep).json()["results"]) == len(client.get(path).json()["results"])
        for _ in range(TIMES):
            first.append(_took(client, path))
            last.append(_took(client, deep))
    value, yardstick = statistics.median(last) * 1e3, statistics.median(first) * 1e3
    name = f"page {ROWS * 99 // 100 // 50:,} of {ROWS:,} rows ÷ the first page"
    return [row("P6", name, value, "ms", yardstick=yardstick, at_most=1.2)]


def _took(client: httpx.Client, url: str) -> float:
    started = time.perf_counter()
    client.get(url).raise_for_status()
    return time.perf_counter() - started
