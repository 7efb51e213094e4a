"""Statements: what a source says at once, checked, cleaned and hashed before it meets the ledger."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Literal, cast

import msgspec
from django.utils import timezone

from dashtam.plain_text import visible
from providers.errors import ProviderUnreadable
from providers.ledger import checks
from providers.ledger.identity.records import Cover, Grade, Row, Status
from providers.records import Details, TransactionRecord

TEXT = 300  # characters that identity looks at
SHORT = 255  # characters of all texts of a usual row together
_ODD = re.compile("[A-Za-z]")  # exponents, and what is no number
_STATUS = {"pending": Status.PENDING, "posted": Status.POSTED}


@dataclass(frozen=True, slots=True)
class Observer:
    """The source of a statement: a feed by the provider's id of the account, or the files of one format.

    `provider` is the namespace of security ids, `grade` the most that the ids are worth. A source that `links` says
    itself which pending row a booked one was, so that nothing has to be guessed while the pending one stands.
    """

    kind: Literal["feed", "file", "person"]
    name: str
    provider: str
    grade: Grade = Grade.STABLE
    links: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """The rows that a source states at once. A row that is missing says something inside `covers` only.

    `scheduled` are rows that are announced for later, and count in no total. `gone` are ids that the source says
    it has taken back. An institution in trouble covers nothing. A page of a longer reading tells what the pages
    before it have `said`, by id; one that `continues` after a cursor has news only, never all of it again. `ids` is
    the most that the ids of these rows are worth, if that is less than those of the source usually are. `digests` are
    those of the rows, where these are cleaned already.
    """

    rows: Sequence[TransactionRecord]
    scheduled: Sequence[TransactionRecord] = ()
    covers: Sequence[Cover] = ()
    gone: Sequence[str] = ()
    at: datetime | None = None
    said: frozenset[str] = frozenset()
    continues: bool = False
    ids: Grade = Grade.STABLE
    digests: Sequence[bytes] | None = None

    @property
    def day(self) -> datetime:
        """The moment at which it was said."""
        return self.at or timezone.now()


def cleaned(record: TransactionRecord) -> TransactionRecord:
    """The record as columns can hold it. Raises ProviderUnreadable for ids, numbers and units that none can."""
    texts = f"{record.id}{record.description}{record.kind}{record.source_code}{record.category}"
    short = len(texts) <= SHORT and len(record.kind) <= 32 and len(record.source_code) <= 64
    if short and texts.isascii() and texts.isprintable() and len(record.category) <= 80 and _is_plain(record):
        return record
    for name in (record.id, record.replaced_pending_id):
        if len(name) > 255 or "\x00" in name:
            raise ProviderUnreadable(code="bad_id")
    if record.security_id:
        checks.ids((record.security_id,), longest=200)
    checks.currency(record.currency)
    checks.numbers(record.amount, record.quantity, record.price, record.fees)
    return replace(
        record,
        id=checks.opaque(record.id, 255),
        description=visible(record.description)[:1000],
        kind=checks.text(record.kind, 32),
        source_code=checks.text(record.source_code, 64),
        category=checks.text(record.category, 80),
        details=_clean_details(record.details),
    )


def _clean_details(details: Details | None) -> Details | None:
    if details is None:
        return None
    texts = {name: checks.text(str(value), 255) for name, value in details.items()}
    return cast("Details", {name: text for name, text in texts.items() if text}) or None


def _is_plain(record: TransactionRecord) -> bool:
    """True for a row of money alone, with an amount so short that nothing about it can be wrong."""
    if record.replaced_pending_id or record.security_id or record.details is not None:
        return False
    if record.quantity is not None or record.price is not None:
        return False
    checks.currency(record.currency)
    amount = str(record.amount)
    return record.fees is None and len(amount) <= 18 and not _ODD.search(amount)


def rows_of(
    records: Sequence[TransactionRecord], digests: Sequence[bytes], *, scheduled_from: int
) -> list[Row]:
    """The records as the identity engine reads them; those from a place on are scheduled."""
    return [
        Row(
            place=place,
            id=record.id,
            date=record.date,
            amount=record.amount,
            unit=record.currency,
            status=Status.SCHEDULED if place >= scheduled_from else _STATUS[record.status],
            text=record.description[:TEXT],
            hash=said,
            replaces=record.replaced_pending_id,
        )
        for place, (record, said) in enumerate(zip(records, digests, strict=True))
    ]


def digest(record: TransactionRecord, *, scheduled: bool = False) -> bytes:
    """A digest of all that the record says; equal numbers give equal digests however they are written."""
    status = "scheduled" if scheduled else record.status
    when = record.posted_at.timestamp() if record.posted_at else ""
    said = (
        f"{record.id}\x1f{record.date}\x1f{_plain(record.amount)}\x1f{record.currency}\x1f{status}"
        f"\x1f{record.description}\x1f{record.kind}\x1f{record.source_code}\x1f{record.category}\x1f{when}\x1f{record.replaced_pending_id}"
    )
    if (
        record.security_id
        or record.quantity is not None
        or record.price is not None
        or record.fees is not None
    ):
        units = (_plain(record.quantity), _plain(record.price), _plain(record.fees))
        said += f"\x1f{record.security_id}\x1f{units}"
    if record.details:
        said += f"\x1f{msgspec.json.encode(record.details, order='sorted').decode()}"
    return blake2b(said.encode(errors="replace"), digest_size=16).digest()


def _plain(number: Decimal | None) -> str:
    if number is None:
        return ""
    text = str(number)
    if "E" in text:
        text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
