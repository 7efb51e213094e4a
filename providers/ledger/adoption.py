"""Adoption: transactions from before observations were kept become observations of the sources that had brought them.

It happens once for each account, in the lock of the first statement that lands there, or of its person's first edit.
Ids, notes, categories and times stay; what a source then states again is known word for word.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import Exists, OuterRef
from django.utils import timezone

from dashtam.ids import uuid7
from providers.connections.models import Connection
from providers.connectors import CONNECTORS
from providers.connectors.base import Connector
from providers.connectors.contract.facts import Facts
from providers.ledger.identity.records import Grade, Reason, State, Status
from providers.ledger.models import FinancialAccount, Transaction, WithdrawnTransaction
from providers.ledger.observations import blocks, sql
from providers.ledger.observations.models import Delivery, Edit, Observation, Source
from providers.ledger.observations.projection import FILE_ROW, keep_words
from providers.ledger.observations.statements import Observer, digest
from providers.records import TransactionRecord

_PART = 2000
_FILES = Observer("file", "ofx", "ofx")
# In the order of an index each: where one account has most of all rows, EXISTS alone reads the whole table for another
# that has none.
_ANY_ROWS = """
SELECT (SELECT true FROM providers_transaction WHERE account_id = %(account)s
        ORDER BY account_id, date DESC, id DESC LIMIT 1) IS NOT NULL
    OR (SELECT true FROM providers_withdrawntransaction WHERE account_id = %(account)s
        ORDER BY account_id, provider_transaction_id LIMIT 1) IS NOT NULL
"""


def feed_of(account: FinancialAccount) -> Observer:
    """The account's feed as an observer, with what its connector says of its ids."""
    connection = account.connection
    return feed(connection, CONNECTORS.get(connection.provider, Connector).facts)


def feed(connection: Connection, facts: Facts) -> Observer:
    """The feed of a connection as an observer of its accounts."""
    grade = Grade[(facts.ids or "stable").upper()]
    links = facts.pending in ("linked", "same_id")
    return Observer("feed", str(connection.id), connection.provider, grade, links=links)


def adopt(account: FinancialAccount, *, again: bool = False) -> None:
    """Make observations of transactions without any. The account must be locked.

    `again` looks also where it was done before: a process of an older version may have gone on writing.
    """
    if account.observed_at is not None and not again:
        return
    if _has_rows(account):
        _adopt_rows(account)
    if account.observed_at is None:
        account.observed_at = timezone.now()
        FinancialAccount.objects.filter(id=account.id).update(observed_at=account.observed_at)


def _has_rows(account: FinancialAccount) -> bool:
    with database.cursor() as cursor:
        cursor.execute(_ANY_ROWS, {"account": account.id})
        return bool(cursor.fetchone()[0])


def _adopt_rows(account: FinancialAccount) -> None:
    keep_words(account)
    _keep_withdrawn_words(account)
    for rows in _parts(account):
        of_files = [row for row in rows if row.provider_transaction_id.startswith(FILE_ROW)]
        of_feed = [row for row in rows if not row.provider_transaction_id.startswith(FILE_ROW)]
        if of_feed:
            observe_rows(_source(account, feed_of(account)), of_feed)
        if of_files:
            observe_rows(source_of_files(account), of_files)


def source_of_files(account: FinancialAccount) -> Source:
    """The source of all files from before, which were OFX."""
    return _source(account, _FILES)


def observe_rows(source: Source, rows: Sequence[Transaction], state: State = State.LIVE) -> list[int]:
    """Make observations of rows, as if the source had said them when they were first seen; returns their ids."""
    if not rows:
        return []
    delivery, records = uuid7(), [record_of(row) for row in rows]
    now = timezone.now()
    Delivery.objects.create(
        id=delivery, source=source, at=now, rows_count=len(rows), block=blocks.seal(delivery, records)
    )
    with database.cursor() as cursor, cursor.copy(sql.OBSERVATIONS) as copy:
        for place, (row, record) in enumerate(zip(rows, records, strict=True)):
            status = Status.POSTED if record.status == "posted" else Status.PENDING
            copy.write_row(
                (
                    *(source.id, delivery, place, row.id, record.id, record.replaced_pending_id, record.date),
                    *(record.amount, record.currency, status.value, record.description[:300], digest(record)),
                    *(state.value, Reason.NEW.value, row.first_seen_at),
                )
            )
    found = Observation.objects.filter(source=source, delivery_id=delivery)
    return [] if state == State.LIVE else list(found.values_list("id", flat=True))


def record_of(row: Transaction) -> TransactionRecord:
    """The record that its source would state for a row."""
    return TransactionRecord(
        id="" if row.provider_transaction_id == row.id.hex else row.provider_transaction_id,
        date=row.date,
        posted_at=row.posted_at,
        status="posted" if row.status == Transaction.Status.POSTED else "pending",
        amount=row.amount,
        currency=row.currency,
        description=row.description,
        kind=row.kind,
        source_code=row.source_code,
        category=row.category if row.feed_category is None else row.feed_category,
        security_id=row.security.provider_security_id if row.security else None,
        quantity=row.quantity,
        price=row.price,
        fees=row.fees,
        details=row.details,
        replaced_pending_id=row.replaced_id,
    )


def _source(account: FinancialAccount, observer: Observer) -> Source:
    named = {"account": account, "kind": observer.kind, "name": observer.name}
    told: dict[str, Any] = {"grade": observer.grade, "provider": observer.provider}
    if observer.kind == "feed" and account.transactions_cursor:
        told["complete_at"] = timezone.now()
    return Source.objects.get_or_create(**named, defaults=told)[0]


def _parts(account: FinancialAccount) -> Iterator[list[Transaction]]:
    """Transactions that nothing was observed of, oldest first."""
    told = Observation.objects.filter(event=OuterRef("id"))
    mine = Transaction.objects.filter(account=account).exclude(Exists(told)).select_related("security")
    last = UUID(int=0)
    while rows := list(mine.filter(id__gt=last).order_by("id")[:_PART]):
        last = rows[-1].id
        yield rows


def _keep_withdrawn_words(account: FinancialAccount) -> None:
    """Make edits of what a person had written into rows that were withdrawn: these may come back."""
    words = []
    for held in WithdrawnTransaction.objects.filter(account=account):
        told: dict[str, Any] = {"account": account, "event": held.transaction_id, "at": held.withdrawn_at}
        if held.note:
            words.append(Edit(**told, field=Edit.Field.NOTE, value=held.note))
        if held.category is not None:
            words.append(Edit(**told, field=Edit.Field.CATEGORY, value=held.category))
    Edit.objects.bulk_create(words, ignore_conflicts=True)
