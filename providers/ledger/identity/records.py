"""Records that the identity engine reads and answers with: frozen, plain Python, no database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from uuid import UUID

from providers.ledger.identity.texts import normalised


class Grade(IntEnum):
    """The worth of a source's ids. It may fall while reading, never rise."""

    NONE = 0  # they say nothing
    POSITIONAL = 1  # they count places, so another row may have the same one tomorrow
    BATCH = 2  # true inside one delivery; the next may mint new ones
    STABLE = 3  # the same id is the same event


class Status(IntEnum):
    """How certain a row is; a later one replaces an earlier one, never the reverse."""

    SCHEDULED = 0
    PENDING = 1
    POSTED = 2


class State(IntEnum):
    """The standing of an observation."""

    LIVE = 0  # its source says so today
    PAST = 1  # the same source has said something newer about the same event
    GONE = 2  # its source states it no more
    HELD = 3  # a sudden change that waits for the person


class Reason(StrEnum):
    """The ground on which a row was given to an event."""

    NEW = "new"
    LINK = "link"  # the source's own
    ID = "id"
    CONTENT = "content"  # same day, amount and text, counted
    REMINTED = "reminted"  # the same, under another id
    PENDING = "pending"  # a provisional row became this one
    REWRITTEN = "rewritten"  # its source says the same in other words
    OBSERVER = "observer"  # another source has seen the same event
    STALE = "stale"  # older than what we hold: kept, not applied
    SUDDEN = "sudden"  # held until the person has looked
    OWN = "own"  # the person's own row
    PERSON = "person"  # the person's answer


Content = tuple[date, Decimal, str, str]  # the key of rows that cannot be told apart


@dataclass(frozen=True, slots=True)
class Row:
    """One row as a source states it; `place` is its position in the delivery."""

    place: int
    id: str
    date: date
    amount: Decimal
    unit: str
    status: Status
    text: str
    hash: bytes
    replaces: str = ""

    @property
    def content(self) -> Content:
        """The key of rows that cannot be told apart."""
        return (self.date, self.amount, self.unit, normalised(self.text))


@dataclass(frozen=True, slots=True)
class Held:
    """One observation that we hold. `key` orders observations by the time we took them."""

    key: int
    event: UUID
    source: int
    id: str
    date: date
    amount: Decimal
    unit: str
    status: Status
    text: str
    hash: bytes
    state: State
    at: datetime
    replaces: str = ""
    old_ids: bool = False  # of an earlier consent: its id proves nothing any more
    until: datetime | None = None  # when it was last true

    @property
    def content(self) -> Content:
        """The key of rows that cannot be told apart."""
        return (self.date, self.amount, self.unit, normalised(self.text))


@dataclass(frozen=True, slots=True)
class Cover:
    """A window that a delivery states completely: both days included, rows of these statuses."""

    first: date
    last: date
    statuses: frozenset[Status] = frozenset(Status)

    def has(self, day: date, status: Status) -> bool:
        """True if a row of this day and status would have been stated."""
        return status in self.statuses and self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Delivery:
    """The rows that one source states at once, in order. `novel` are the places of new ones, if known.

    The source may `links` booked rows to pending ones itself. A page of a longer reading knows the ids that pages
    before it have `said`; one that `continues` after a cursor does not say all of it again. A source is `settled` once
    it was read to its end.
    """

    source: int
    grade: Grade
    at: datetime
    rows: Sequence[Row]
    covers: Sequence[Cover] = ()
    gone: frozenset[str] = frozenset()
    absorbed: Sequence[tuple[Row, int]] = ()  # earlier forms of rows, and the places of those
    worthless: int = 0  # rows whose id stands on several
    novel: frozenset[int] | None = None
    absent: frozenset[int] = frozenset()  # observations found missing, where `novel` is known
    span: tuple[date, date] | None = None  # of a file: its first and last day
    from_file: bool = False
    said: frozenset[str] = frozenset()
    continues: bool = False
    links: bool = False
    settled: bool = False

    def covered(self, held: Held) -> bool:
        """True if the delivery would have stated this observation again."""
        return held.id in self.gone or any(cover.has(held.date, held.status) for cover in self.covers)

    def within(self, held: Held) -> bool:
        """True if it lies between the days of a file: a reason to link, too weak to withdraw."""
        return self.span is not None and self.span[0] < held.date < self.span[1]

    def at_edge(self, held: Held, day: date) -> bool:
        """True on the first and the last day of a file, which need not be whole: for a row of that day alone."""
        return self.span is not None and held.date == day and day in self.span


@dataclass(frozen=True, slots=True)
class Placed:
    """A row that must be written. Without an `event` it starts one, or belongs to that of the row at `heir`."""

    row: Row
    reason: Reason
    event: UUID | None = None
    state: State = State.LIVE
    heir: int | None = None
    ended: tuple[int, ...] = ()  # observations that this one makes PAST


SUDDEN = "sudden"  # why a change of amount is asked about


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: are the event and that of the row at `place` one? `others` are further candidates."""

    event: UUID
    place: int
    why: str
    others: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes that a delivery makes. An empty plan writes nothing."""

    placed: Sequence[Placed] = ()
    withdrawn: Sequence[Held] = ()
    merged: Sequence[tuple[UUID, UUID]] = ()  # the first goes on as the second
    asked: Sequence[Asked] = ()
    doubted: Sequence[Held] = ()  # would be withdrawn, but so many at once are held back
    over: Sequence[Held] = ()  # held back so far, and no more what the source says
    grade: Grade = Grade.STABLE
    evidence: str = ""

    @property
    def empty(self) -> bool:
        """True if nothing is to be written, a grade that fell apart."""
        changes = (self.placed, self.withdrawn, self.merged, self.asked, self.doubted, self.over)
        return not any(changes)


@dataclass(slots=True)
class Draft:
    """A plan in the making."""

    placed: list[Placed] = field(default_factory=list)
    withdrawn: list[Held] = field(default_factory=list)
    merged: list[tuple[UUID, UUID]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    doubted: list[Held] = field(default_factory=list)
    over: list[Held] = field(default_factory=list)
