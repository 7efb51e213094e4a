"""The projection: transactions as observations, decisions and edits make them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection as database
from psycopg.types.json import Jsonb

from dashtam.ids import uuid7
from providers.ledger.identity.records import Status
from providers.ledger.models import FinancialAccount, Security
from providers.ledger.observations import blocks, sql
from providers.ledger.observations.copying import copy_rows
from providers.ledger.observations.models import Delivery, Edit
from providers.records import TransactionRecord

_PART = 2000
FILE_ROW = "ofx:"  # before the ids of files' rows, which parts them from a feed's in the same account
_LIKE_OURS = re.compile(rf"{FILE_ROW}|[0-9]+:")


@dataclass(frozen=True, slots=True)
class Projected:
    """One event as the ledger shows it."""

    event: UUID
    record: TransactionRecord
    provider: str  # whose security ids the record has
    name: str  # the source's id for it, made unique in the account
    first_seen_at: datetime
    updated_at: datetime
    edits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """The events that had a transaction, and those that have one now."""

    before: frozenset[UUID] = frozenset()
    after: frozenset[UUID] = frozenset()


def project(
    account: FinancialAccount,
    events: Iterable[UUID],
    known: Mapping[tuple[UUID, int], TransactionRecord] | None = None,
) -> Shown:
    """Write these events' transactions anew.

    An event without a live observation, one that is only scheduled, and one that the person has hidden or deleted
    has no transaction. `known` spares opening blocks, by delivery and place.
    """
    wanted = sorted(set(events))
    before: set[UUID] = set()
    after: set[UUID] = set()
    for start in range(0, len(wanted), _PART):
        part = wanted[start : start + _PART]
        before |= _taken_away(account, part)
        rows = _rows(account, part, known or {})
        write(account, rows)
        after |= {row.event for row in rows}
    return Shown(frozenset(before), frozenset(after))


def write(account: FinancialAccount, rows: Sequence[Projected]) -> None:
    """Insert transactions that are not there."""
    if not rows:
        return
    securities = _securities(rows)
    copy_rows(sql.TRANSACTIONS, (_columns(account, row, securities) for row in rows))


def name_of(event: UUID, row_id: str, source_id: int, *, own: bool, is_first: bool) -> str:
    """The id that a transaction has beside ours: its source's, where that names this event and no other.

    `own` tells that the source is the account's own feed or its files; ids of others get the source in front.
    """
    if not row_id or not is_first:
        return event.hex
    name = row_id if own else f"{source_id}:{row_id}"
    return name if len(name) <= 255 else event.hex


def is_own(account: FinancialAccount, kind: str, name: str, row_id: str) -> bool:
    """True if the id of a source's row can stand for itself in the account."""
    if kind == "file":
        return row_id.startswith(FILE_ROW)
    return name == str(account.connection_id) and not _LIKE_OURS.match(row_id)


def _columns(
    account: FinancialAccount, row: Projected, securities: Mapping[tuple[str, str], UUID]
) -> tuple[Any, ...]:
    record, edits = row.record, row.edits
    return (
        *(row.event, account.user_id, account.id, row.name),
        *(record.date, record.posted_at, record.status, record.amount, record.currency),
        edits.get("description", record.description),
        *(record.kind, record.source_code),
        edits.get("category", record.category)[:80],
        record.category[:80] if "category" in edits else None,
        edits.get("note", ""),
        securities[row.provider, record.security_id] if record.security_id else None,
        *(record.quantity, record.price, record.fees),
        Jsonb(record.details) if record.details else None,
        *(record.replaced_pending_id, row.first_seen_at, row.updated_at),
    )


def _rows(
    account: FinancialAccount,
    events: Sequence[UUID],
    known: Mapping[tuple[UUID, int], TransactionRecord],
) -> list[Projected]:
    edits: dict[UUID, dict[str, str]] = {}
    edited: dict[UUID, datetime] = {}
    for edit in Edit.objects.filter(event__in=events):
        edits.setdefault(edit.event, {})[edit.field] = edit.value
        edited[edit.event] = max(edit.at, edited.get(edit.event, edit.at))
    first: dict[UUID, tuple[Any, ...]] = {}
    with database.cursor() as cursor:
        cursor.execute(sql.TODAY, {"events": list(events)})
        for row in cursor.fetchall():
            first.setdefault(row[0], row)
    shown = [
        row for event, row in first.items() if row[3] > Status.SCHEDULED and not _away(edits.get(event, {}))
    ]
    records = _records([(row[1], row[2]) for row in shown], known)
    return [
        Projected(
            event=event,
            record=records[delivery, place],
            provider=provider,
            name=name_of(event, row_id, source, own=is_own(account, kind, name, row_id), is_first=is_first),
            first_seen_at=first_seen_at,
            updated_at=max(at, edited.get(event, at)),
            edits=edits.get(event, {}),
        )
        for event, delivery, place, _, provider, at, first_seen_at, row_id, source, kind, name, is_first in shown
    ]


def _away(edits: Mapping[str, str]) -> bool:
    return bool(edits.get("hidden") or edits.get("deleted"))


def _records(
    places: Sequence[tuple[UUID, int]], known: Mapping[tuple[UUID, int], TransactionRecord]
) -> dict[tuple[UUID, int], TransactionRecord]:
    """The records at these places; each block is opened once."""
    found = {place: known[place] for place in places if place in known}
    missing = {delivery for delivery, place in places if (delivery, place) not in found}
    for delivery in Delivery.objects.filter(id__in=missing).iterator(chunk_size=50):
        for place, record in enumerate(blocks.unseal(delivery)):
            found[delivery.id, place] = record
    return found


def keep_words(account: FinancialAccount, events: Sequence[UUID] | None = None) -> None:
    """Make edits of the words that stand in rows alone: of these events, or of the whole account."""
    if events is None or events:
        with database.cursor() as cursor:
            ids = None if events is None else list(events)
            cursor.execute(sql.WORDS, {"account": account.id, "events": ids})


def _taken_away(account: FinancialAccount, events: Sequence[UUID]) -> set[UUID]:
    with database.cursor() as cursor:
        cursor.execute(sql.TAKE_AWAY, {"user": account.user_id, "events": list(events)})
        return {event for (event,) in cursor.fetchall()}


def _securities(rows: Iterable[Projected]) -> dict[tuple[str, str], UUID]:
    """The securities that rows name, made if no holdings have described them yet."""
    named: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.record.security_id:
            named.setdefault(row.provider, {})[row.record.security_id] = row.record.currency
    found: dict[tuple[str, str], UUID] = {}
    for provider, currencies in sorted(named.items()):
        names = sorted(currencies)
        arguments: dict[str, Any] = {
            "provider": provider,
            "names": names,
            "currencies": [currencies[name] for name in names],
        }
        with database.cursor() as cursor:
            cursor.execute(sql.SECURITIES, arguments | {"ids": [uuid7() for _ in names]})
        mine = Security.objects.filter(provider=provider, provider_security_id__in=names)
        found |= {(provider, name): key for name, key in mine.values_list("provider_security_id", "id")}
    return found
