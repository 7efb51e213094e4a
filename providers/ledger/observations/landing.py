"""Landing: one statement of one source into the ledger, in one transaction.

A page of a sync lands in the transaction that moves its cursor; rows of a source without ids that are cut into
pages are put together first, for equal rows are counted by statement. A statement of a file lands whole; it covers
nothing, its own days are enough.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
from django.db import DataError, IntegrityError, transaction

from dashtam.bridge.database import one_transaction
from providers.errors import ProviderUnreadable
from providers.ledger.adoption import adopt
from providers.ledger.identity import records as identity
from providers.ledger.identity.engine import resolve
from providers.ledger.identity.prepare import Prepared, prepare
from providers.ledger.identity.records import Grade, Plan
from providers.ledger.models import FinancialAccount
from providers.ledger.observations import asking, near
from providers.ledger.observations.carrying import Landed, carry_out
from providers.ledger.observations.models import AccountDoor, Decision, Source
from providers.ledger.observations.statements import Observer, Statement, cleaned, digest, rows_of
from providers.records import TransactionRecord


@one_transaction()
def land(account: FinancialAccount, observer: Observer, statement: Statement) -> Landed:
    """Bring the ledger to what a source states; the same statement again writes nothing.

    Raises ProviderUnreadable for values that cannot be stored; nothing of the statement is then kept.
    """
    behind = _behind(account)
    observer = _through(account, behind, observer)
    account = FinancialAccount.objects.locked(behind)
    adopt(account)
    statement = replace(statement, at=statement.day)
    try:
        return _land(account, observer, statement)
    except (IntegrityError, psycopg.IntegrityError):
        # An older Dashtam beside this one has written rows meanwhile.
        adopt(account, again=True)
        return _land(account, observer, statement)


def _land(account: FinancialAccount, observer: Observer, statement: Statement) -> Landed:
    source = source_of(account, observer)
    clean = statement.digests is not None
    taken = [*(statement.rows if clean else map(cleaned, statement.rows)), *map(cleaned, statement.scheduled)]
    plan = _plan(source, observer, statement, taken)
    if plan is None:
        return Landed()
    if statement.covers and not plan.doubted:
        asking.back(source, statement.covers)
    with transaction.atomic():
        _let_fall(source, statement, plan)
        if plan.empty:
            return Landed()
        try:
            return carry_out(account, source, statement, taken, plan)
        except (DataError, psycopg.DataError) as error:  # of a statement, or of COPY
            raise ProviderUnreadable(code="unstorable_value") from error


def _plan(
    source: Source, observer: Observer, statement: Statement, taken: Sequence[TransactionRecord]
) -> Plan | None:
    """The changes of the statement; None, found out without placing rows, if its source has said all of it before."""
    stated, days = len(statement.rows), [record.date for record in taken]
    digests = list(statement.digests or map(digest, taken[:stated]))
    digests += [digest(record, scheduled=True) for record in taken[stated:]]
    found, absent = near.novel(source, digests, days, statement.covers)
    plain = _each_once(taken) and not statement.gone
    if plain and not found and not absent and not near.unsettled(source, statement.covers):
        return None
    ready = prepare(rows_of(taken, digests, scheduled_from=stated), _grade(source, statement))
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


def _behind(account: FinancialAccount) -> UUID:
    """The account that rows land in: itself, unless it is a door to another."""
    into = AccountDoor.objects.filter(account=account).values_list("into_id", flat=True)
    return next(iter(into), account.id)


def beside(name: str, door: FinancialAccount) -> str:
    """The name of a second feed of one account from one connection: that of an account which is a door to it."""
    return f"{name}:{door.id}"


def _through(account: FinancialAccount, behind: UUID, observer: Observer) -> Observer:
    if account.id == behind:
        return observer
    own = Source.objects.filter(account_id=behind, kind=observer.kind, name=beside(observer.name, account))
    return replace(observer, name=beside(observer.name, account)) if own.exists() else observer


def source_of(account: FinancialAccount, observer: Observer) -> Source:
    """The source of a locked account, made when it speaks for the first time."""
    named: dict[str, Any] = {"account": account, "kind": observer.kind, "name": observer.name[:200]}
    found = next(iter(Source.objects.filter(**named)), None)
    # The account's lock keeps another process from making it meanwhile.
    return found or Source.objects.create(**named, grade=observer.grade, provider=observer.provider)


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
        grade=_grade(source, statement),
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
        said=statement.said,
        continues=statement.continues,
        links=observer.links,
        settled=source.complete_at is not None,
    )


def _grade(source: Source, statement: Statement) -> Grade:
    """The worth of the statement's ids: that of its source, unless its own are worth less."""
    return min(Grade(source.grade), statement.ids)


def _let_fall(source: Source, statement: Statement, plan: Plan) -> None:
    if plan.grade < _grade(source, statement):
        detail = {"source": source.id, "from": source.grade, "to": plan.grade}
        Decision.objects.create(
            account_id=source.account_id, kind=Decision.Kind.GRADE, reason=plan.evidence, detail=detail
        )
        source.grade = plan.grade
        source.save(update_fields=["grade"])
