"""Edits: a person's words over the feed's, rows of their own, and rows they hide or delete."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from dashtam.errors import NotFound
from dashtam.ids import uuid7
from providers.ledger.adoption import adopt
from providers.ledger.identity.records import Grade, Reason, State
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.observations import blocks, projection
from providers.ledger.observations.models import Delivery, Edit, Observation, Source
from providers.ledger.observations.statements import Observer, cleaned, digest, rows_of
from providers.records import TransactionRecord

OWN = Observer("person", "", "", Grade.NONE)


@transaction.atomic
def change(user_id: UUID, event: UUID, values: Mapping[Edit.Field, str | None]) -> None:
    """Lay values over the feed's, empty ones too; None brings the feed's own back. Raises NotFound."""
    account = locked_account_of(user_id, event)
    keep(account, event, values)
    if values.get(Edit.Field.NOTE, "") is None:
        Transaction.objects.filter(account=account, id=event).update(
            note=""
        )  # else it counts as written there
    projection.project(account, [event])


def keep(account: FinancialAccount, event: UUID, values: Mapping[Edit.Field, str | None]) -> None:
    """Store edits, without showing them."""
    for field, value in values.items():
        if value is None:
            Edit.objects.filter(event=event, field=field).delete()
        else:
            words = {"account": account, "value": value, "at": timezone.now()}
            Edit.objects.update_or_create(event=event, field=field, defaults=words)


def edit(user_id: UUID, event: UUID, field: Edit.Field, value: str) -> None:
    """Lay a value over the feed's; an empty one is a value too. Raises NotFound."""
    change(user_id, event, {field: value})


def restore(user_id: UUID, event: UUID, field: Edit.Field) -> None:
    """Bring the feed's word back; of a hidden or deleted row, the row. Raises NotFound."""
    change(user_id, event, {field: None})


def delete(user_id: UUID, event: UUID) -> None:
    """Delete an event: its sources may go on stating it, it stays deleted. Raises NotFound."""
    edit(user_id, event, Edit.Field.DELETED, "yes")


def hide(user_id: UUID, event: UUID) -> None:
    """Leave an event out of lists and totals. Raises NotFound."""
    edit(user_id, event, Edit.Field.HIDDEN, "yes")


@transaction.atomic
def add(user_id: UUID, account_id: UUID, day: date, amount: Decimal, text: str) -> UUID:
    """Write a row of the person's own, which no source's row is ever taken for. Raises NotFound."""
    account = (
        FinancialAccount.objects.select_for_update(no_key=True).filter(user_id=user_id, id=account_id).first()
    )
    if account is None:
        raise NotFound
    record = cleaned(
        TransactionRecord(
            id="",
            date=day,
            posted_at=None,
            status="posted",
            amount=amount,
            currency=account.currency,
            description=text,
            kind="unknown",
        )
    )
    source, _ = Source.objects.get_or_create(
        account=account, kind=OWN.kind, name="", defaults={"grade": OWN.grade}
    )
    event, delivery, now = uuid7(), uuid7(), timezone.now()
    Delivery.objects.create(
        id=delivery, source=source, at=now, rows_count=1, block=blocks.seal(delivery, [record])
    )
    row = rows_of([record], [digest(record)], scheduled_from=1)[0]
    Observation.objects.create(
        source=source,
        delivery_id=delivery,
        place=0,
        event=event,
        date=row.date,
        amount=row.amount,
        unit=row.unit,
        status=row.status,
        text=row.text,
        row_hash=row.hash,
        state=State.LIVE,
        reason=Reason.OWN,
        at=now,
    )
    projection.project(account, [event])
    return event


def locked_account_of(user_id: UUID, event: UUID) -> FinancialAccount:
    """The account of a person's event, locked. Raises NotFound, also for another person's."""
    seen = Observation.objects.of_event(user_id, event).values_list("source__account", flat=True).first()
    shown = Transaction.objects.filter(user_id=user_id, id=event).values_list("account", flat=True).first()
    account_id = seen or shown
    if account_id is None:
        raise NotFound
    account = FinancialAccount.objects.select_for_update(no_key=True).get(id=account_id)
    adopt(account, again=seen is None)
    projection.keep_words(account, [event])  # else the words that are there now would be lost
    return account
