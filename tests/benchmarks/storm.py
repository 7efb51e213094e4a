"""A hundred people sign in at once: what it costs them, and everybody else."""

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import bcrypt
import httpx

from tests.benchmarks.report import Row, percentile, row
from tests.stack import PASSWORD, Stack

PEOPLE = 100
STORM_SECONDS = 12.0
QUIET_SECONDS = 4.0


@dataclass
class Seen:
    """What the readers and the people who signed in saw."""

    reads: list[float] = field(default_factory=list)
    healths: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)


def bcrypt_ceiling(seconds: float = 4.0) -> float:
    """Hashes a second that this machine can do with all cores and nothing else."""
    salt = bcrypt.gensalt(12)
    done = 0
    started = time.perf_counter()
    with ThreadPoolExecutor() as pool:
        while time.perf_counter() - started < seconds:
            done += len(list(pool.map(lambda _: bcrypt.hashpw(b"ceiling", salt), range(8))))
    return done / (time.perf_counter() - started)


async def _read(client: httpx.AsyncClient, path: str, into: list[float], until: float) -> None:
    while (started := time.perf_counter()) < until:
        response = await client.get(path)
        response.raise_for_status()
        into.append(time.perf_counter() - started)
        await asyncio.sleep(0.01)


async def _sign_in(client: httpx.AsyncClient, email: str, seen: Seen, until: float) -> None:
    while (started := time.perf_counter()) < until:
        response = await client.post("auth/tokens", json={"email": email, "password": PASSWORD})
        took = time.perf_counter() - started
        seen.answers[response.status_code] += 1
        if response.status_code == 200:
            seen.accepted.append(took)
        else:
            seen.refused.append(took)
            await asyncio.sleep(float(response.headers.get("retry-after", 1)))


async def _watch(stack: Stack, token: str, email: str, *, people: int, seconds: float) -> Seen:
    seen = Seen()
    until = time.perf_counter() + seconds
    limits = httpx.Limits(max_connections=people + 8)
    bearer = {"Authorization": f"Bearer {token}"}
    base = f"{stack.origin}/api/v1/"
    async with (
        httpx.AsyncClient(base_url=base, headers=bearer, trust_env=False, timeout=30) as reader,
        httpx.AsyncClient(base_url=base, limits=limits, trust_env=False, timeout=60) as crowd,
    ):
        await asyncio.gather(
            _read(reader, "accounts", seen.reads, until),
            _read(reader, f"{stack.origin}/healthz", seen.healths, until),
            *(_sign_in(crowd, email, seen, until) for _ in range(people)),
        )
    return seen


def measure(stack: Stack, email: str, token: str) -> list[Row]:
    """Signs in by the hundred against the running stack."""
    ceiling = bcrypt_ceiling()
    quiet = asyncio.run(_watch(stack, token, email, people=0, seconds=QUIET_SECONDS))
    storm = asyncio.run(_watch(stack, token, email, people=PEOPLE, seconds=STORM_SECONDS))
    unexpected = sum(n for status, n in storm.answers.items() if status not in {200, 401, 429, 503})
    return [
        row(
            "P1",
            "accepted sign-ins ÷ raw bcrypt",
            len(storm.accepted) / STORM_SECONDS,
            "/s",
            yardstick=ceiling,
            at_least=0.95,
        ),
        row(
            "P2.p99",
            "accounts p99 in the storm",
            percentile(storm.reads, 99),
            "s",
            yardstick=0.150,
            at_most=1.0,
        ),
        row(
            "P2.quiet",
            "accounts p99, storm ÷ quiet",
            percentile(storm.reads, 99),
            "s",
            yardstick=percentile(quiet.reads, 99),
            at_most=3.0,
        ),
        row(
            "P2.health", "slowest healthz in the storm", max(storm.healths), "s", yardstick=0.050, at_most=1.0
        ),
        row(
            "P3.accepted",
            "accepted sign-in p95",
            percentile(storm.accepted, 95),
            "s",
            yardstick=4.0,
            at_most=1.0,
        ),
        row(
            "P3.refused",
            "refused sign-in p95",
            percentile(storm.refused or [0.0, 0.0], 95),
            "s",
            yardstick=0.050,
            at_most=1.0,
        ),
        row(
            "P3.answers",
            "answers other than 200, 401, 429, 503",
            float(unexpected),
            "",
            yardstick=1.0,
            at_most=0.5,
        ),
    ]
