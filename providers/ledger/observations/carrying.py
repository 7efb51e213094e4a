"""Plans carried out: blocks, observations and transactions written in bulk, in a constant number of statements."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection as database

from dashtam.ids import uuid7
from providers.ledger.identity.records import Plan, State, Status
from providers.ledger.models import FinancialAccount
from providers.ledger.observations import asking, blocks, projection, sql
from providers.ledger.observations.models import Delivery, Observation, Source
from providers.ledger.observations.statements import Statement
from providers.records import TransactionRecord


@dataclass(frozen=True, slots=True)
class Landed:
    """How many events a statement added, changed and withdrew, and how many questions it raised."""

    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    asked: int = 0

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
    at, delivery_id = statement.day, uuid7()
    events = _events(plan)
    if plan.placed:
        records = [taken[item.row.place] for item in plan.placed]
        _keep(source, delivery_id, statement, records)
        known = {(delivery_id, place): record for place, record in enumerate(records)}
    else:
        known = {}
    merged = _merge(account, plan)
    _end(plan, at)
    if plan.placed:
        _observe(source, delivery_id, plan, events, at)
    new, touched = _sorted(plan, events, merged)
    projection.write(account, _fresh(source, plan, new, known, at))
    projection.project(account, touched, known)
    asked = asking.ask(account, source, plan, events)
    withdrawn = {held.event for held in plan.withdrawn}
    added = len(set(new.values()) - merged.keys())
    return Landed(added, len(touched - withdrawn - set(new.values())), len(withdrawn), asked)


def _events(plan: Plan) -> dict[int, UUID]:
    """The event of each placed row, by its place; new ones get ids in the order of the statement."""
    starting = [item for item in plan.placed if item.event is None and item.heir is None]
    fresh = sorted(uuid7() for _ in starting)
    events = {item.row.place: event for item, event in zip(starting, fresh, strict=True)}
    events |= {item.row.place: item.event for item in plan.placed if item.event is not None}
    for item in plan.placed:
        if item.heir is not None:
            events[item.row.place] = item.event or events[item.heir]
    return events


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
    for one, into in plan.merged:
        asking.join(account, one, into, "the source links them")
    return dict(plan.merged)


def _end(plan: Plan, at: datetime) -> None:
    ended = [key for item in plan.placed for key in item.ended]
    if ended:
        Observation.objects.filter(id__in=ended).update(state=State.PAST, until=at)
    if plan.withdrawn:
        gone = [held.key for held in plan.withdrawn]
        Observation.objects.filter(id__in=gone).update(state=State.GONE, until=at)


def _observe(source: Source, delivery: UUID, plan: Plan, events: Mapping[int, UUID], at: datetime) -> None:
    with database.cursor() as cursor, cursor.copy(sql.OBSERVATIONS) as copy:
        for place, item in enumerate(plan.placed):
            row = item.row
            copy.write_row(
                (
                    *(
                        source.id,
                        delivery,
                        place,
                        events[row.place],
                        row.id,
                        row.replaces,
                        row.date,
                        row.amount,
                    ),
                    *(
                        row.unit,
                        row.status.value,
                        row.text,
                        row.hash,
                        item.state.value,
                        item.reason.value,
                        at,
                    ),
                )
            )


def _sorted(
    plan: Plan, events: Mapping[int, UUID], merged: Mapping[UUID, UUID]
) -> tuple[dict[int, UUID], set[UUID]]:
    """New events that one row alone tells of, by its place, and all others that the plan touches."""
    told = Counter(events.values())
    new: dict[int, UUID] = {}
    touched = {held.event for held in plan.withdrawn} | set(merged) | set(merged.values())
    for item in plan.placed:
        event = events[item.row.place]
        if item.event is None and item.heir is None and told[event] == 1:
            new[item.row.place] = event
        elif item.state == State.LIVE or told[event] > 1:
            touched.add(event)
    return new, touched


def _fresh(
    source: Source,
    plan: Plan,
    new: Mapping[int, UUID],
    known: Mapping[tuple[UUID, int], TransactionRecord],
    at: datetime,
) -> list[projection.Projected]:
    records = (
        dict(zip((item.row.place for item in plan.placed), known.values(), strict=True)) if known else {}
    )
    statuses = {item.row.place: item.row for item in plan.placed}
    return [
        projection.Projected(event, records[place], source.provider, at, at)
        for place, event in new.items()
        if statuses[place].status > Status.SCHEDULED
    ]
