"""The lanes of a worker: the queues it works on, each group with places of its own.

One kind of work that is slow, or waits in a long backlog, never keeps another kind waiting. A task names its queue;
`tests/dashtam/jobs/test_s04_lanes.py` checks that each queue belongs to one lane.
"""

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Lane:
    """Some queues, and how many of their jobs a worker runs at once."""

    name: str
    queues: tuple[str, ...]
    places: int


def lanes() -> tuple[Lane, ...]:
    """The lanes of each worker process."""
    return (
        Lane("schedule", ("schedule", "default", "builtin"), 4),
        Lane("mail", ("mail",), 8),
        Lane("by_hand", ("sync_by_hand",), 8),
        Lane("consents", ("consents",), 4),
        Lane("files", ("imports", "exports"), 2),
        Lane("syncs", ("sync",), settings.WORKER_CONCURRENCY),
    )
