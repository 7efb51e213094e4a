"""Landing: one statement of one source into the ledger, in one transaction.

A page of a sync calls `land(account, Observer("feed", <the connection's id>, <slug>, <declared grade>),
Statement(rows, covers=…, gone=…, at=…))` in the transaction that moves its cursor; rows of a source without ids
that are cut into pages must be put together first, for equal rows are counted by statement. A statement file calls
it once an account with `Observer("file", "ofx", "statement-files", …)`; it covers nothing, its own days are enough.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import DataError, transaction
from django.db import connection as database

from dashtam.ids import uuid7
from providers.errors import ProviderUnreadable
from providers.ledger.identity import records as identity
from providers.ledger.identity.engine import resolve
from providers.ledger.identity.prepare import Prepared, prepare
from providers.ledger.identity.records import Grade, Plan, Row, State, Status
from providers.ledger.models import FinancialAccount
from providers.ledger.observations import asking, blocks, near, projection, sql
from providers.ledger.observations.models import AccountDoor, Decision, Delivery, Observation, Source
from providers.ledger.observations.statements import Observer, Statement, cleaned, digest, rows_of
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


@transaction.atomic
def land(account: FinancialAccount, observer: Observer, statement: Statement) -> Landed:
    """Bring the ledger to what a source states; the same statement again writes nothing.

    Raises ProviderUnreadable for values that cannot be stored; nothing of the statement is then kept.
    """
    account = _behind(account)
    FinancialAccount.objects.select_for_update(no_key=True).only("id").get(id=account.id)
    source = source_of(account, observer)
    taken = [cleaned(record) for record in (*statement.rows, *statement.scheduled)]
    plan = _plan(source, observer, statement, taken)
    if plan is None:
        return Landed()
    _let_fall(source, plan)
    if plan.empty:
        return Landed()
    try:
        return _carry_out(account, source, statement, taken, plan)
    except DataError as error:
        raise ProviderUnreadable(code="unstorable_value") from error


def _plan(
    source: Source, observer: Observer, statement: Statement, taken: Sequence[TransactionRecord]
) -> Plan | None:
    """What the statement changes; None, found out without placing rows, if its source has said all of it before."""
    stated, days = len(statement.rows), [record.date for record in taken]
    digests = [digest(record, scheduled=place >= stated) for place, record in enumerate(taken)]
    found, absent = near.novel(source, digests, days, statement.covers)
    plain = _each_once(taken) and not statement.gone
    if plain and not found and not absent and not near.may_expire(source, statement.covers):
        return None
    ready = prepare(rows_of(taken, digests, scheduled_from=stated), Grade(source.grade))
    if not plain:
        kept = [row.hash for row in ready.rows]
        found, absent = near.novel(source, kept, days, statement.covers)
    novel = frozenset(ready.rows[position].place for position in found)
    delivery = _delivery(source, observer, statement, ready, novel, absent)
    fresh = [ready.rows[position] for position in found]
    ids = [*(row.id for row, _ in ready.absorbed), *statement.gone]
    held = near.near(source, near.sources_of(source.account_id), fresh, ids, absent)
    return resolve(delivery, held)


def _each_once(taken: Sequence[TransactionRecord]) -> bool:
    """True if no id is there twice, and no row is an earlier form of another."""
    named = [record.id for record in taken if record.id]
    ids = set(named)
    return len(ids) == len(named) and not any(
        record.replaced_pending_id in ids for record in taken if record.replaced_pending_id
    )


def _behind(account: FinancialAccount) -> FinancialAccount:
    """The account that rows land in: itself, unless it is a door to another."""
    door = AccountDoor.objects.select_related("into").filter(account=account).first()
    return door.into if door else account


def source_of(account: FinancialAccount, observer: Observer) -> Source:
    """The source, made when it speaks for the first time."""
    source, _ = Source.objects.get_or_create(
        account=account,
        kind=observer.kind,
        name=observer.name[:200],
        defaults={"grade": observer.grade, "provider": observer.provider},
    )
    return source


def _delivery(
    source: Source,
    observer: Observer,
    statement: Statement,
    ready: Prepared,
    novel: frozenset[int],
    absent: Sequence[int],
) -> identity.Delivery:
    days = [row.date for row in ready.rows] if observer.kind == "file" else []
    return identity.Delivery(
        source=source.id,
        grade=Grade(source.grade),
        at=statement.day,
        rows=ready.rows,
        covers=statement.covers,
        gone=frozenset(statement.gone),
        absorbed=ready.absorbed,
        worthless=ready.worthless,
        novel=novel,
        absent=frozenset(absent),
        span=(min(days), max(days)) if days else None,
        from_file=observer.kind == "file",
    )


def _let_fall(source: Source, plan: Plan) -> None:
    if plan.grade < source.grade:
        detail = {"source": source.id, "from": source.grade, "to": plan.grade}
        Decision.objects.create(
            account_id=source.account_id, kind=Decision.Kind.GRADE, reason=plan.evidence, detail=detail
        )
        source.grade = plan.grade
        source.save(update_fields=["grade"])


def _carry_out(
    account: FinancialAccount,
    source: Source,
    statement: Statement,
    taken: Sequence[TransactionRecord],
    plan: Plan,
) -> Landed:
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


def _end(plan: Plan, at: object) -> None:
    ended = [key for item in plan.placed for key in item.ended]
    if ended:
        Observation.objects.filter(id__in=ended).update(state=State.PAST, until=at)
    if plan.withdrawn:
        gone = [held.key for held in plan.withdrawn]
        Observation.objects.filter(id__in=gone).update(state=State.GONE, until=at)


def _observe(source: Source, delivery: UUID, plan: Plan, events: Mapping[int, UUID], at: object) -> None:
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
    at: object,
) -> list[projection.Projected]:
    records = (
        dict(zip((item.row.place for item in plan.placed), known.values(), strict=True)) if known else {}
    )
    statuses: dict[int, Row] = {item.row.place: item.row for item in plan.placed}
    return [
        projection.Projected(event, records[place], source.provider, at, at)  # type: ignore[arg-type]
        for place, event in new.items()
        if statuses[place].status > Status.SCHEDULED
    ]
