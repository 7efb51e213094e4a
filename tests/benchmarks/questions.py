"""Questions that go through everything a person has: a search without hits, and net worth day by day."""

import statistics
import time
from datetime import UTC, datetime, timedelta

import httpx

from tests.benchmarks import people
from tests.benchmarks.dashboard import fill
from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import ROWS, Scene

TIMES = 15
LONG = 7  # of questions that take more than a second each
YEARS, ACCOUNTS = 10, 200
PERSON = 2


def measure(scene: Scene) -> list[Row]:
    """Another million rows for the person of the scene; balances for another person, who has many accounts."""
    scene.fill(ROWS)
    token = people.make(scene, PERSON)[-1]
    user = people.made_id("user", PERSON)
    fill(scene, user, accounts=ACCOUNTS, rows=ACCOUNTS, days=YEARS * 365)
    origin, today = f"{scene.local}/api/v1", datetime.now(UTC).date()
    searches = [f"{origin}/transactions?q=nowhere-{n}" for n in range(TIMES)]
    page = _milliseconds(scene.token, [f"{origin}/transactions"] * TIMES)
    search = _milliseconds(scene.token, searches)
    # Answers are kept: each question is another one.
    starts = [today - timedelta(days=YEARS * 365 - n) for n in range(LONG)]
    worth = _milliseconds(token, [f"{origin}/net-worth?interval=day&from={start}" for start in starts])
    what = f"net worth by day, {YEARS} years and {ACCOUNTS} accounts ÷ a page of the list"
    return [
        row(
            "search",
            f"a search without hits in {2 * ROWS:,} rows ÷ a page of the list",
            search,
            "ms",
            yardstick=page,
            at_most=10,
        ),
        row("net-worth", what, worth, "ms", yardstick=page, at_most=200),
    ]


def _milliseconds(token: str, urls: list[str]) -> float:
    took = []
    bearer = {"Authorization": f"Bearer {token}"}
    with httpx.Client(headers=bearer, trust_env=False, timeout=60) as client:
        client.get(urls[0]).raise_for_status()
        for url in urls[1:]:
            started = time.perf_counter()
            client.get(url).raise_for_status()
            took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e3
