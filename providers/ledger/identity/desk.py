"""The desk of one delivery: rows not yet placed, observations not yet used, and the plan so far."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from providers.ledger.identity.records import Asked, Delivery, Draft, Held, Placed, Reason, Row, State


@dataclass(slots=True)
class Desk:
    """Everything that the steps of the engine share."""

    delivery: Delivery
    free: dict[int, Row]
    mine: Sequence[Held]  # of the delivery's own source
    others: Sequence[Held]
    draft: Draft = field(default_factory=Draft)
    used: set[UUID] = field(default_factory=set)  # events that this delivery has told of already
    displaced: set[int] = field(default_factory=set)  # observations whose id now names another event
    conflicts: int = 0
    reminted: int = 0
    live: dict[UUID, Held] = field(default_factory=dict)  # by event, what the source says of it today
    by_id: dict[str, list[Held]] = field(default_factory=dict)
    stated: frozenset[str] = frozenset()  # the ids of all rows, also of those known already
    words: dict[str, set[bytes]] = field(default_factory=dict)  # by id, the hashes of its rows
    told: dict[UUID, list[int]] = field(default_factory=dict)  # by event, the observations that stand

    def __post_init__(self) -> None:
        """Index what the source has said."""
        by_id: dict[str, list[Held]] = defaultdict(list)
        for held in self.mine:
            if held.id:
                by_id[held.id].append(held)
            if held.state != State.PAST:
                self.told.setdefault(held.event, []).append(held.key)
            if held.state in (State.LIVE, State.GONE):
                self.live[held.event] = held
        self.by_id = by_id
        words: dict[str, set[bytes]] = defaultdict(set)
        for row in self.delivery.rows:
            if row.id:
                words[row.id].add(row.hash)
        self.words = words
        self.stated = self.delivery.said.union(words)

    def named(self, held: Held) -> bool:
        """True if the delivery states the id of this observation, and may mean it.

        An id that was used again may stand for the other event alone, word for word as before.
        """
        return held.id in self.delivery.said or held.hash in self.words.get(held.id, ())

    def open(self, held: Held) -> bool:
        """True for the source's latest word about an event that no row of this delivery has told yet."""
        return held.state in (State.LIVE, State.GONE) and held.event not in self.used

    def place(self, row: Row, event: UUID, reason: Reason, state: State = State.LIVE) -> None:
        """Give a row to an event that we know."""
        self.used.add(event)
        self.free.pop(row.place, None)
        latest = self.live.get(event)
        if latest is not None and state == State.LIVE:
            if latest.hash == row.hash and latest.state == State.LIVE:
                return  # said already
            if latest.state == State.GONE and latest.until and latest.until > self.delivery.at:
                return  # taken back since
        if state == State.PAST and self._said(event, row):
            return
        same = {event, *(one for one, into in self.draft.merged if into == event)}
        ended = tuple(sorted(key for each in same for key in self.told.get(each, ())))
        self.draft.placed.append(
            Placed(row, reason, event, state, ended=ended if state == State.LIVE else ())
        )

    def _said(self, event: UUID, row: Row) -> bool:
        """True if the source said exactly this of the event before."""
        return any(h.event == event and h.hash == row.hash for h in self.by_id.get(row.id, ()))

    def start(self, row: Row) -> None:
        """Let a row begin an event of its own."""
        self.free.pop(row.place, None)
        self.draft.placed.append(Placed(row, Reason.NEW))

    def hold(self, row: Row) -> None:
        """Keep a row as an event that the person has to see before it counts."""
        self.free.pop(row.place, None)
        self.draft.placed.append(Placed(row, Reason.SUDDEN, state=State.HELD))

    def merge(self, one: UUID, into: UUID) -> None:
        """Let one event go on as another."""
        self.draft.merged.append((one, into))
        self.used.update((one, into))

    def ask(self, row: Row, events: Iterable[UUID], why: str) -> None:
        """Ask whether the row, which begins an event for now, is one of these."""
        first, *others = events
        self.start(row)
        self.draft.asked.append(Asked(first, row.place, why, tuple(others)))
