"""The audit log's hash chain, recomputed: no event was changed, put in or taken out since it was written."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import BigIntegerField, TextField
from django.db.models.expressions import RawSQL

from accounts.models import AuditEvent, StaffAct

BEGINNING = bytes(32)
AT_ONCE = 2000

# As the database hashes them: times in whole microseconds, JSON in PostgreSQL's own spelling.
_MICROSECONDS = RawSQL("(extract(epoch FROM at) * 1000000)::bigint", [], BigIntegerField())
_DETAIL = RawSQL("detail::text", [], TextField())
_HASHED = ("seq", "microseconds", "action", "user_id", "actor_id", "ip", "request_id", "detail_text")


@dataclass(frozen=True, slots=True)
class _Row:
    """One event as the database holds it."""

    id: int
    prev_hash: bytes | None
    hash: bytes | None
    seq: int
    microseconds: int
    action: str
    user_id: UUID | None
    actor_id: UUID | None
    ip: str
    request_id: str
    detail_text: str


class ChainBroken(Exception):
    """The audit log is not as it was written. The message names the first event that is wrong."""


@dataclass(frozen=True, slots=True)
class Head:
    """The chain's length and the hash of its last event: kept elsewhere, they prove the log later."""

    count: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.count}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read `count:hash`, as `str` writes it. Raises ValueError."""
        count, _, digest = text.strip().partition(":")
        head = cls(int(count), bytes.fromhex(digest))
        if head.count < 0 or len(head.hash) != len(BEGINNING):
            raise ValueError("a head is a count, a colon and 64 hexadecimal digits")
        return head


def head() -> Head:
    """The chain's end as it is now, unchecked."""
    last = AuditEvent.objects.exclude(seq=None).order_by("-seq").values_list("seq", "hash").first()
    return Head(last[0] or 0, bytes(last[1] or b"")) if last else Head(0, BEGINNING)


def verify(*, known: Head | None = None, at_once: int = AT_ONCE) -> Head:
    """Recompute every hash, `at_once` rows in memory. Raises ChainBroken, also when `known` is no part of the chain."""
    reached = Head(0, BEGINNING)
    for row in _rows(at_once):
        if row.seq != reached.count + 1:
            raise ChainBroken(f"Event {reached.count + 1} is missing: the next one there is {row.seq}.")
        if bytes(row.prev_hash or b"") != reached.hash or bytes(row.hash or b"") != _hash(row):
            raise ChainBroken(f"Event {row.seq} (row {row.id}) is not as it was written.")
        reached = Head(row.seq, bytes(row.hash or b""))
        if known is not None and known.count == reached.count and known.hash != reached.hash:
            raise ChainBroken(f"Event {reached.count} is not the one whose hash was kept.")
    loose = AuditEvent.objects.filter(seq=None).order_by("id").values_list("id", flat=True).first()
    if loose is not None:
        raise ChainBroken(f"Row {loose} is in the table and not in the chain.")
    if known is not None and known.count > reached.count:
        raise ChainBroken(f"Event {reached.count + 1} is missing: there were {known.count} events.")
    return reached


def _rows(at_once: int) -> Iterator[_Row]:
    events = AuditEvent.objects.annotate(microseconds=_MICROSECONDS, detail_text=_DETAIL)
    rows = events.order_by("seq").values("id", "prev_hash", "hash", *_HASHED)
    page = [_Row(**row) for row in rows.exclude(seq=None)[:at_once]]
    while page:
        yield from page
        _check_reasons(page)
        page = [_Row(**row) for row in rows.filter(seq__gt=page[-1].seq)[:at_once]]


def _check_reasons(page: list[_Row]) -> None:
    """Compare the staff's reasons, which lie beside the log, with their digests in it; they go with their person."""
    details = [json.loads(row.detail_text) for row in page if '"reason_sha256"' in row.detail_text]
    digests = {detail["act_id"]: detail["reason_sha256"] for detail in details}
    for act in StaffAct.objects.filter(id__in=digests):
        if act.reason_digest() != digests[str(act.id)]:
            raise ChainBroken(f"The reason of the act {act.id} is not as it was given.")


def _hash(row: _Row) -> bytes:
    fields = b"".join(_field(getattr(row, name)) for name in _HASHED)
    return hashlib.sha256(bytes(row.prev_hash or b"") + fields).digest()


def _field(value: object) -> bytes:
    """Write a field with its length in front, so that no two events can read alike."""
    if value is None:
        return b"-"
    text = str(value).encode()
    return b"%d:%b" % (len(text), text)
