"""Moves between two days of the books, in the order that entries happened: the raw material of change feeds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from providers.simulator.books.entries import Entry, Stage

BOOKED = (Stage.POSTED, Stage.AMENDED)


@dataclass(frozen=True, slots=True)
class Move:
    """One line of a feed: the entry in its new stage. A removal is of the pending row."""

    op: Literal["added", "modified", "removed"]
    entry: Entry
    stage: Stage


def moves(entries: Iterable[Entry], known: date | None, reading: date) -> Iterator[Move]:
    """The moves that take a client from the end of day `known`, or from nothing, to the end of `reading`."""
    for entry in entries:
        before = entry.stage(known) if known else Stage.ABSENT
        after = entry.stage(reading)
        if before is after:
            continue
        if before in BOOKED:
            yield Move("modified", entry, after)
            continue
        if before is Stage.PENDING:
            yield Move("removed", entry, before)
        if after is not Stage.LAPSED:
            yield Move("added", entry, after)
