"""Changes of rows from before observations were kept, as long as no source has stated them again."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from dashtam.errors import NotFound
from dashtam.ids import uuid7
from providers.ledger.identity.records import Grade, Reason, State
from providers.ledger.models import Transaction
from providers.ledger.observations import blocks, edits
from providers.ledger.observations.landing import source_of
from providers.ledger.observations.models import Delivery, Edit, Observation
from providers.ledger.observations.statements import Observer, cleaned, digest, rows_of
from providers.records import TransactionRecord

# These have columns of their own, and the feed's category has one beside it.
_BY_COLUMNS = frozenset({Edit.Field.NOTE, Edit.Field.CATEGORY})


@transaction.atomic
def change(user_id: UUID, id: UUID, values: Mapping[Edit.Field, str | None]) -> None:
    """Keep the edits, and show them; the other changes make the row an observed one first. Raises NotFound."""
    mine = Transaction.objects.select_for_update(no_key=True, of=("self",))
    row = mine.select_related("account__connection", "security").filter(user_id=user_id, id=id).first()
    if row is None:
        raise NotFound
    if not values.keys() <= _BY_COLUMNS:
        _observe(row)
        edits.change(user_id, id, values)
        return
    edits.keep(row.account, id, values)
    if Edit.Field.NOTE in values:
        row.note = values[Edit.Field.NOTE] or ""
    if Edit.Field.CATEGORY in values:
        row.categorise(values[Edit.Field.CATEGORY])
    row.save(update_fields=["note", "category", "feed_category"])


def _observe(row: Transaction) -> None:
    """Let the row be what its feed or file has said of its event."""
    connection, record = row.account.connection, cleaned(_record(row))
    by_files = connection.fed_by_files
    name = connection.provider if by_files else str(connection.id)
    observer = Observer("file" if by_files else "feed", name, connection.provider, Grade.STABLE)
    source, delivery, now = source_of(row.account, observer), uuid7(), timezone.now()
    Delivery.objects.create(
        id=delivery, source=source, at=now, rows_count=1, block=blocks.seal(delivery, [record])
    )
    said = rows_of([record], [digest(record)], scheduled_from=1)[0]
    Observation.objects.create(
        source=source,
        delivery_id=delivery,
        place=0,
        event=row.id,
        row_id=said.id,
        replaces=said.replaces,
        date=said.date,
        amount=said.amount,
        unit=said.unit,
        status=said.status,
        text=said.text,
        row_hash=said.hash,
        state=State.LIVE,
        reason=Reason.NEW,
        at=row.first_seen_at,
    )


def _record(row: Transaction) -> TransactionRecord:
    return TransactionRecord(
        id=row.provider_transaction_id,
        date=row.date,
        posted_at=row.posted_at,
        status="pending" if row.status == Transaction.Status.PENDING else "posted",
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
