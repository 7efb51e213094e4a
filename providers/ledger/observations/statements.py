"""Statements: what a source says at once, checked, cleaned and hashed before it meets the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Literal

from django.utils import timezone

from dashtam.plain_text import visible
from providers.errors import ProviderUnreadable
from providers.ledger.identity.records import Cover, Grade, Row, Status
from providers.ledger.ingest import checks
from providers.records import TransactionRecord

TEXT = 300  # characters that identity looks at
_STATUS = {"pending": Status.PENDING, "posted": Status.POSTED}


@dataclass(frozen=True, slots=True)
class Observer:
    """The source of a statement: a feed by the provider's id of the account, or the files of one format.

    `provider` is the namespace of security ids, `grade` the most that the ids are worth.
    """

    kind: Literal["feed", "file", "person"]
    name: str
    provider: str
    grade: Grade = Grade.STABLE


@dataclass(frozen=True, slots=True)
class Statement:
    """What a source states at once. A row that is missing says something inside `covers` only.

    `scheduled` are rows that are announced for later, and count in no total. `gone` are ids that the source says
    it has taken back. An institution in trouble covers nothing.
    """

    rows: Sequence[TransactionRecord]
    scheduled: Sequence[TransactionRecord] = ()
    covers: Sequence[Cover] = ()
    gone: Sequence[str] = ()
    at: datetime | None = None

    @property
    def day(self) -> datetime:
        """The moment at which it was said."""
        return self.at or timezone.now()


def cleaned(record: TransactionRecord) -> TransactionRecord:
    """The record as columns can hold it. Raises ProviderUnreadable for ids, numbers and units that none can."""
    for name in (record.id, record.replaced_pending_id):
        if len(name) > 255 or "\x00" in name:
            raise ProviderUnreadable(code="bad_id")
    checks.currency(record.currency)
    checks.numbers(record.amount, record.quantity, record.price, record.fees)
    texts = (record.description, record.kind, record.source_code, record.category, record.id)
    if all(text.isascii() and text.isprintable() for text in texts) and len(record.description) <= 1000:
        return record
    return replace(
        record,
        id=checks.opaque(record.id, 255),
        description=visible(record.description)[:1000],
        kind=checks.text(record.kind, 32),
        source_code=checks.text(record.source_code, 64),
        category=checks.text(record.category, 80),
    )


def row_of(place: int, record: TransactionRecord, *, scheduled: bool) -> Row:
    """The record as the identity engine reads it."""
    status = Status.SCHEDULED if scheduled else _STATUS[record.status]
    return Row(
        place=place,
        id=record.id,
        date=record.date,
        amount=record.amount,
        unit=record.currency,
        status=status,
        text=record.description[:TEXT],
        hash=digest(record, status),
        replaces=record.replaced_pending_id,
    )


def digest(record: TransactionRecord, status: Status) -> bytes:
    """A digest of all that the record says; equal numbers give equal digests however they are written."""
    parts = (
        *(record.id, record.replaced_pending_id, record.description, record.kind, record.source_code),
        *(record.category, record.currency, record.security_id or "", str(status.value), str(record.date)),
        "" if record.posted_at is None else str(record.posted_at.timestamp()),
        *(_plain(n) for n in (record.amount, record.quantity, record.price, record.fees)),
    )
    return blake2b("\x1f".join(parts).encode(errors="replace"), digest_size=16).digest()


def _plain(number: Decimal | None) -> str:
    if number is None:
        return ""
    return format(number.normalize(), "f") if number else "0"
