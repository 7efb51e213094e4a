"""The row readers.rate: ten times as many readers as the database has threads for, none refused and none slower."""

import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks import load
from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene

FEW, MANY = 32, 300
ROUNDS = 6
SECONDS = 3.0


def measure(scene: Scene) -> list[Row]:
    """Few and many read their accounts in turns."""
    url = f"{scene.local}/api/v1/accounts"
    rates: dict[int, list[float]] = {FEW: [], MANY: []}
    open_at_once: dict[int, int] = {FEW: 0, MANY: 0}
    failures = 0
    load.read(url, scene.token, readers=MANY, seconds=1)
    for round_ in range(ROUNDS):
        for readers in (FEW, MANY) if round_ % 2 else (MANY, FEW):
            with _counted_connections(scene) as counted:
                done = load.read(url, scene.token, readers=readers, seconds=SECONDS)
            rates[readers].append(done.per_second)
            failures += sum(done.answers.values()) - done.answers.get("200", 0)
            open_at_once[readers] = max(open_at_once[readers], *counted)
    many, few = (statistics.median(rates[readers]) for readers in (MANY, FEW))
    connections = float(open_at_once[MANY])
    return [
        row(
            "readers.rate",
            f"{MANY} readers, requests/s ÷ {FEW} readers",
            many,
            "/s",
            yardstick=few,
            at_least=0.95,
        ),
        row(
            "readers.failures",
            f"{MANY} readers, answers other than 200",
            failures,
            "",
            yardstick=1,
            at_most=0.0,
        ),
        row(
            "readers.connections",
            f"database connections at {MANY} readers ÷ at {FEW}",
            connections,
            "",
            yardstick=open_at_once[FEW],
            at_most=1.0,
        ),
    ]


@contextmanager
def _counted_connections(scene: Scene) -> Iterator[list[int]]:
    counted: list[int] = []
    done = threading.Event()

    def count() -> None:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with scene.database() as database:
            while not done.wait(0.2) or not counted:
                (found,) = database.execute(query).fetchone() or (0,)
                counted.append(found)

    counter = threading.Thread(target=count)
    counter.start()
    try:
        yield counted
    finally:
        done.set()
        counter.join()
