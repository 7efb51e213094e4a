"""Lists that a person reads all day, against the peer that answers the same from the same database."""

import statistics

from tests.benchmarks import load
from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene

READERS = 32
ROUNDS = 5
SECONDS = 2.5


def measure(scene: Scene) -> list[Row]:
    """Both serve with one process and one event loop; the rounds alternate, so that noise meets both."""
    lists = {
        "P4.accounts": ("list of accounts, requests/s ÷ peer", "/api/v1/accounts"),
        "P4.transactions": (
            "50 transactions, requests/s ÷ peer",
            f"/api/v1/accounts/{scene.account}/transactions",
        ),
    }
    return [_beside_the_peer(scene, key, *named) for key, named in lists.items()]


def _beside_the_peer(scene: Scene, id: str, name: str, path: str) -> Row:
    ours, theirs = scene.local, scene.with_peer()
    if scene.get(ours, path).json() != scene.get(theirs, path).json():
        raise AssertionError(f"the peer does not answer the same at {path}")
    figures: dict[str, list[float]] = {ours: [], theirs: []}
    for origin in figures:
        load.read(origin + path, scene.token, readers=READERS, seconds=1)
    for round_ in range(ROUNDS):
        for origin in (ours, theirs) if round_ % 2 else (theirs, ours):
            done = load.read(origin + path, scene.token, readers=READERS, seconds=SECONDS)
            if set(done.answers) != {"200"}:
                raise AssertionError(f"{origin} answered {done.answers}")
            figures[origin].append(done.per_second)
    mine, peer = (statistics.median(figures[origin]) for origin in (ours, theirs))
    return row(id, name, mine, "/s", yardstick=peer, at_least=1.0)
