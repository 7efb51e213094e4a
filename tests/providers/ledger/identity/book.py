"""A ledger in memory: carries out the engine's plans, so that whole histories run in a millisecond."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from uuid import UUID

from providers.ledger.identity.engine import resolve
from providers.ledger.identity.prepare import prepare
from providers.ledger.identity.records import Cover, Delivery, Grade, Held, Plan, Row, State, Status

FIRST = date(2026, 1, 1)


def row(
    place: int, id: str, day: int, amount: str, text: str, status: Status = Status.POSTED, replaces: str = ""
) -> Row:
    """A row of the day counted from the first of January."""
    said = f"{id}|{day}|{amount}|{text}|{status}|{replaces}"
    return Row(
        place=place,
        id=id,
        date=FIRST + timedelta(days=day),
        amount=Decimal(amount),
        unit="EUR",
        status=status,
        text=text,
        hash=blake2b(said.encode(), digest_size=16).digest(),
        replaces=replaces,
    )


def window(first: int, last: int) -> Cover:
    """A complete window of days counted from the first of January."""
    return Cover(FIRST + timedelta(days=first), FIRST + timedelta(days=last))


@dataclass
class Book:
    """Observations and the events they tell of."""

    grade: Grade = Grade.STABLE
    held: list[Held] = field(default_factory=list)
    events: int = 0
    asked: int = 0
    clock: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def land(
        self, rows: Sequence[Row], covers: Sequence[Cover] = (), *, source: int = 1, **more: Any
    ) -> Plan:
        """Let a source state these rows, and carry out what the engine plans."""
        self.clock += timedelta(hours=1)
        ready = prepare(rows, self.grade)
        delivery = Delivery(
            source=source,
            grade=self.grade,
            at=self.clock,
            rows=ready.rows,
            covers=covers,
            absorbed=ready.absorbed,
            worthless=ready.worthless,
            **more,
        )
        plan = resolve(delivery, self.held)
        self.grade = min(self.grade, plan.grade)
        self._carry_out(plan, source)
        return plan

    def _carry_out(self, plan: Plan, source: int) -> None:
        for one, into in plan.merged:
            self.held = [replace(h, event=into) if h.event == one else h for h in self.held]
            self._one_voice(into)
        ended = {key for item in plan.placed for key in item.ended}
        gone = {held.key for held in plan.withdrawn}
        self.held = [
            replace(h, state=State.PAST if h.key in ended else State.GONE if h.key in gone else h.state)
            for h in self.held
        ]
        homes: dict[int, UUID] = {}
        for item in sorted(plan.placed, key=lambda item: item.heir is not None):
            event = item.event or (homes[item.heir] if item.heir is not None else self._new())
            homes[item.row.place] = event
            self.held.append(self._observed(item.row, event, source, item.state))
        self.asked += len(plan.asked)

    def _one_voice(self, event: UUID) -> None:
        """Let each source say one thing of the event today, the most certain."""
        met: set[int] = set()
        for held in sorted(self.live(), key=lambda held: (-held.status, -held.key)):
            if held.event == event and held.source in met:
                self.held[held.key] = replace(held, state=State.PAST)
            met |= {held.source} if held.event == event else set()

    def _new(self) -> UUID:
        self.events += 1
        return UUID(int=self.events)

    def _observed(self, row: Row, event: UUID, source: int, state: State) -> Held:
        return Held(
            key=len(self.held),
            event=event,
            source=source,
            id=row.id,
            date=row.date,
            amount=row.amount,
            unit=row.unit,
            status=row.status,
            text=row.text,
            hash=row.hash,
            state=state,
            at=self.clock,
            replaces=row.replaces,
        )

    def live(self) -> list[Held]:
        """The latest word about each event that a source still states."""
        return [held for held in self.held if held.state == State.LIVE]
