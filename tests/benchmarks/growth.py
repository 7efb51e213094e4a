"""Growth of the cost with readers, with people and with rows: the curves of docs/performance.md."""

import statistics
import time

import httpx

from dashtam.api.paging import cursor_at
from tests.benchmarks import load, people
from tests.benchmarks.curves import Curve
from tests.benchmarks.scene import Scene

READERS = (1, 8, 32, 100, 300)
PEOPLE = (1, 10, 100, 1_000)
ROWS = (1_000, 10_000, 100_000, 1_000_000)
ROUNDS, SECONDS = 3, 1.0
TIMES = 80


def measure(scene: Scene) -> list[Curve]:
    """Ours beside the peer where it does the same."""
    return [_by_readers(scene), _by_people(scene), _by_rows(scene)]


def _by_readers(scene: Scene) -> Curve:
    lines = _beside_the_peer(scene, [(readers, [scene.token], readers) for readers in READERS])
    return Curve("readers", "Requests a second, by readers at once", "list of accounts, one process", lines)


def _by_people(scene: Scene) -> Curve:
    tokens = people.make(scene, max(PEOPLE), accounts=True)
    lines = _beside_the_peer(scene, [(number, tokens[:number], 32) for number in PEOPLE])
    note = "list of accounts, 32 connections"
    return Curve("people", "Requests a second, by different people who read", note, lines)


def _beside_the_peer(
    scene: Scene, plans: list[tuple[int, list[str], int]]
) -> dict[str, list[tuple[int, float]]]:
    origins = {"Dashtam": scene.local, "FastAPI, SQLAlchemy, asyncpg": scene.with_peer()}
    lines: dict[str, list[tuple[int, float]]] = {name: [] for name in origins}
    for number, tokens, readers in plans:
        rates: dict[str, list[float]] = {name: [] for name in origins}
        for _ in range(ROUNDS):
            for name, origin in origins.items():
                url = f"{origin}/api/v1/accounts"
                rates[name].append(load.read(url, *tokens, readers=readers, seconds=SECONDS).per_second)
        for name, line in lines.items():
            line.append((number, statistics.median(rates[name])))
    return lines


def _by_rows(scene: Scene) -> Curve:
    first, last = [], []
    bearer = {"Authorization": f"Bearer {scene.token}"}
    with httpx.Client(headers=bearer, trust_env=False, timeout=30) as client:
        for rows in ROWS:
            account = scene.account if rows == max(ROWS) else scene.fill(rows)
            path = f"{scene.local}/api/v1/accounts/{account}/transactions"
            deep = f"{path}?cursor={cursor_at(scene.key_at(account, rows - 100))}"
            first.append((rows, _milliseconds(client, path)))
            last.append((rows, _milliseconds(client, deep)))
    return Curve(
        "rows",
        "Milliseconds for 50 transactions, by rows in the account",
        "one reader, one after the other",
        {"first page": first, "last page": last},
    )


def _milliseconds(client: httpx.Client, url: str) -> float:
    took = []
    for _ in range(TIMES):
        started = time.perf_counter()
        client.get(url).raise_for_status()
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e3
