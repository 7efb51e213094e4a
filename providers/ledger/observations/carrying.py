"""Plans carried out: blocks, observations and transactions written in bulk, in a constant number of statements."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import QuerySet

from dashtam.ids import uuid7
from providers.ledger.identity.records import Plan, Reason, Row, State, Status
from providers.ledger.models import FinancialAccount, WithdrawnTransaction
from providers.ledger.observations import asking, blocks, projection, sql
from providers.ledger.observations.copying import ROWS, copy_rows
from providers.ledger.observations.models import Delivery, Observation, Source
from providers.ledger.observations.statements import Statement
from providers.records import TransactionRecord


@dataclass(frozen=True, slots=True)
class Counts:
    """How many transactions were added, changed and taken away."""

    added: int = 0
    modified: int = 0
    removed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.added + other.added, self.modified + other.modified, self.removed + other.removed)


@dataclass(frozen=True, slots=True)
class Landed:
    """How many events a statement added, changed and withdrew, and how many questions it raised.

    `shown` counts transactions: an event that comes back is one added.
    """

    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    asked: int = 0
    shown: Counts = Counts()

    @property
    def written(self) -> int:
        """The events that were written."""
        return self.added + self.changed + self.withdrawn


def carry_out(
    account: FinancialAccount,
    source: Source,
    statement: Statement,
    taken: Sequence[TransactionRecord],
    plan: Plan,
) -> Landed:
    """Write what the plan says, within the caller's transaction."""
    at = statement.day
    events, back = _events(account, plan)
    projection.keep_words(account, _touching(plan))
    shared = _shared(source, plan, events)
    known, merged = _write_down(account, source, statement, taken, plan, events)
    new, touched = _sorted(plan, events, merged, back)
    fresh = _fresh(account, source, plan, new, known, shared, at)
    projection.write(account, fresh)
    seen = projection.project(account, touched, known)
    asked = asking.ask(account, source, plan, events, at)
    asking.settle(account, touched | {held.event for held in plan.over})
    if plan.over:
        asking.forget_late(source)
    withdrawn = {held.event for held in plan.withdrawn}
    begun = _begun(plan, events) - merged.keys() - back
    shown = Counts(
        len(seen.after - seen.before) + len(fresh),
        len(seen.before & seen.after),
        len(seen.before - seen.after),
    )
    return Landed(len(begun), len(touched - withdrawn - begun), len(withdrawn), asked, shown)


Known = Mapping[tuple[UUID, int], TransactionRecord]


def _write_down(
    account: FinancialAccount,
    source: Source,
    statement: Statement,
    taken: Sequence[TransactionRecord],
    plan: Plan,
    events: Mapping[int, UUID],
) -> tuple[Known, dict[UUID, UUID]]:
    """Keep what was said and what becomes of it. Returns the records by delivery and place, and events merged."""
    delivery_id = uuid7()
    records = [taken[item.row.place] for item in plan.placed]
    if records:
        _keep(source, delivery_id, statement, records)
    merged = _merge(account, plan)
    _end(plan, statement.day)
    if records:
        _observe(source, delivery_id, plan, events, statement.day)
    return {(delivery_id, place): record for place, record in enumerate(records)}, merged


def _touching(plan: Plan) -> list[UUID]:
    """The events held before that the plan may change."""
    found = {item.event for item in plan.placed if item.event is not None}
    found |= {held.event for held in plan.withdrawn} | {one for pair in plan.merged for one in pair}
    return sorted(found)


def _events(account: FinancialAccount, plan: Plan) -> tuple[dict[int, UUID], set[UUID]]:
    """The event of each placed row, by its place, and those of rows from before that come back.

    New ones get ids in the order of the statement.
    """
    starting = [item for item in plan.placed if item.event is None and item.heir is None]
    fresh = sorted(uuid7() for _ in starting)
    events = {item.row.place: event for item, event in zip(starting, fresh, strict=True)}
    back = _come_back(account, [item.row for item in starting])
    events |= back
    events |= {item.row.place: item.event for item in plan.placed if item.event is not None}
    for item in plan.placed:
        if item.heir is not None:
            events[item.row.place] = item.event or events[item.heir]
    return events, set(back.values())


def _come_back(account: FinancialAccount, rows: Sequence[Row]) -> dict[int, UUID]:
    """The ids of rows that were withdrawn before observations were kept, by the place of the row that is one again."""
    names = {name for row in rows for name in (row.id, row.replaces) if name}
    away = WithdrawnTransaction.objects.filter(account=account, provider_transaction_id__in=names)
    if not names or not _any(WithdrawnTransaction.objects.filter(account=account), "provider_transaction_id"):
        return {}
    ids = {held.provider_transaction_id: held.transaction_id for held in away.order_by("withdrawn_at")}
    back: dict[int, UUID] = {}
    for row in rows:
        event = ids.get(row.id) or ids.get(row.replaces)
        if event is not None and event not in back.values():
            back[row.place] = event
    away.filter(transaction_id__in=back.values()).delete()
    return back


def _keep(source: Source, id: UUID, statement: Statement, records: Sequence[TransactionRecord]) -> None:
    Delivery.objects.create(
        id=id,
        source=source,
        at=statement.day,
        covers=[[str(cover.first), str(cover.last)] for cover in statement.covers],
        rows_count=len(statement.rows) + len(statement.scheduled),
        block=blocks.seal(id, records),
    )


def _merge(account: FinancialAccount, plan: Plan) -> dict[UUID, UUID]:
    """Let events that turn out to be others go on as these."""
    told = {item.event for item in plan.placed if item.reason == Reason.LINK}
    for one, into in plan.merged:
        linked = "the source links them" if into in told else "one took the place of the other"
        asking.join(account, one, into, linked)
    return dict(plan.merged)


def _end(plan: Plan, at: datetime) -> None:
    _close([key for item in plan.placed for key in item.ended], State.PAST, at)
    _close([held.key for held in plan.withdrawn], State.GONE, at)
    _close([held.key for held in plan.over], State.PAST, at)


def _close(keys: Sequence[int], state: State, at: datetime) -> None:
    """End observations, so many at once that a statement stays far below the database's limit of time."""
    for start in range(0, len(keys), ROWS):
        Observation.objects.filter(id__in=keys[start : start + ROWS]).update(state=state, until=at)


def _observe(source: Source, delivery: UUID, plan: Plan, events: Mapping[int, UUID], at: datetime) -> None:
    copy_rows(
        sql.OBSERVATIONS,
        (
            (
                *(source.id, delivery, place, events[item.row.place], item.row.id, item.row.replaces),
                *(item.row.date, item.row.amount, item.row.unit, item.row.status.value, item.row.text),
                *(item.row.hash, item.state.value, item.reason.value, at),
            )
            for place, item in enumerate(plan.placed)
        ),
    )


def _sorted(
    plan: Plan, events: Mapping[int, UUID], merged: Mapping[UUID, UUID], back: Collection[UUID]
) -> tuple[dict[int, UUID], set[UUID]]:
    """New events that one row alone tells of, by its place, and all others that the plan touches."""
    told = Counter(events.values())
    new: dict[int, UUID] = {}
    touched = {held.event for held in plan.withdrawn} | set(merged) | set(merged.values())
    for item in plan.placed:
        event = events[item.row.place]
        if item.event is None and item.heir is None and told[event] == 1 and event not in back:
            if item.state == State.LIVE:
                new[item.row.place] = event
        elif item.state == State.LIVE or told[event] > 1:
            touched.add(event)
    return new, touched


def _begun(plan: Plan, events: Mapping[int, UUID]) -> set[UUID]:
    """The events that begin with this plan, however many rows tell of them."""
    starting = (item for item in plan.placed if item.event is None and item.heir is None)
    return {events[item.row.place] for item in starting if item.state == State.LIVE}


def _fresh(
    account: FinancialAccount,
    source: Source,
    plan: Plan,
    new: Mapping[int, UUID],
    known: Known,
    shared: Collection[str],
    at: datetime,
) -> list[projection.Projected]:
    records = (
        dict(zip((item.row.place for item in plan.placed), known.values(), strict=True)) if known else {}
    )
    rows = {item.row.place: item.row for item in plan.placed if item.row.place in new}
    return [
        projection.Projected(
            event,
            records[place],
            source.provider,
            _name(account, source, event, rows[place].id, shared),
            at,
            at,
        )
        for place, event in new.items()
        if rows[place].status > Status.SCHEDULED
    ]


def _shared(source: Source, plan: Plan, events: Mapping[int, UUID]) -> set[str]:
    """Of the ids of events that begin, those that name another event too: before anything is written down."""
    named: dict[str, UUID] = {}
    shared, begun = set(), []
    for item in plan.placed:
        name, event = item.row.id, events[item.row.place]
        if name and named.setdefault(name, event) != event:
            shared.add(name)
        if name and item.event is None and item.heir is None:
            begun.append(name)
    if begun and _any(Observation.objects.filter(source=source), "date"):
        with database.cursor() as cursor:
            cursor.execute(sql.SAID_IDS, {"source": source.id, "ids": begun})
            shared.update(name for (name,) in cursor.fetchall())
    return shared


def _any(rows: "QuerySet[Any]", next_in_index: str) -> bool:
    """True if there is a row, which is looked for in the order of an index.

    EXISTS alone may be planned to read a whole table of which one account or source has the most.
    """
    return rows.order_by(next_in_index).values_list("pk", flat=True).first() is not None


def _name(
    account: FinancialAccount, source: Source, event: UUID, row_id: str, shared: Collection[str]
) -> str:
    own = projection.is_own(account, source.kind, source.name, row_id)
    return projection.name_of(event, row_id, source.id, own=own, is_first=row_id not in shared)
