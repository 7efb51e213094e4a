"""The projection: transactions as observations, decisions and edits make them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection as database

from dashtam.ids import uuid7
from providers.ledger.identity.records import Status
from providers.ledger.ingest.sql import SECURITIES
from providers.ledger.models import FinancialAccount, Security
from providers.ledger.observations import blocks, sql
from providers.ledger.observations.models import Delivery, Edit
from providers.records import TransactionRecord

_PART = 2000


@dataclass(frozen=True, slots=True)
class Projected:
    """One event as the ledger shows it."""

    event: UUID
    record: TransactionRecord
    provider: str  # whose security ids the record has
    first_seen_at: datetime
    updated_at: datetime
    edits: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def project(
    account: FinancialAccount,
    events: Iterable[UUID],
    known: Mapping[tuple[UUID, int], TransactionRecord] | None = None,
) -> int:
    """Write these events' transactions anew, and return how many of them the ledger shows.

    An event without a live observation, one that is only scheduled, and one that the person has hidden or deleted
    has no transaction. `known` spares opening blocks, by delivery and place.
    """
    wanted, shown = sorted(set(events)), 0
    for start in range(0, len(wanted), _PART):
        part = wanted[start : start + _PART]
        rows = _rows(part, known or {})
        notes = _taken_away(account, part)
        write(account, [_with_note(row, notes) for row in rows])
        shown += len(rows)
    return shown


def write(account: FinancialAccount, rows: Sequence[Projected]) -> None:
    """Insert transactions that are not there."""
    if not rows:
        return
    securities = _securities(rows)
    with database.cursor() as cursor, cursor.copy(sql.TRANSACTIONS) as copy:
        for row in rows:
            copy.write_row(_columns(account, row, securities))


def _columns(
    account: FinancialAccount, row: Projected, securities: Mapping[tuple[str, str], UUID]
) -> tuple[Any, ...]:
    record, edits = row.record, row.edits
    return (
        *(row.event, account.user_id, account.id, row.event.hex),
        *(record.date, record.posted_at, record.status, record.amount, record.currency),
        edits.get("description", record.description),
        *(record.kind, record.source_code),
        edits.get("category", record.category)[:80],
        edits.get("note", row.note),
        securities[row.provider, record.security_id] if record.security_id else None,
        *(record.quantity, record.price, record.fees, "", row.first_seen_at, row.updated_at),
    )


def _rows(events: Sequence[UUID], known: Mapping[tuple[UUID, int], TransactionRecord]) -> list[Projected]:
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
            first_seen_at=first_seen_at,
            updated_at=max(at, edited.get(event, at)),
            edits=edits.get(event, {}),
        )
        for event, delivery, place, _, provider, at, first_seen_at in shown
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


def _taken_away(account: FinancialAccount, events: Sequence[UUID]) -> dict[UUID, str]:
    """Delete the transactions of events; returns notes that were written straight into them."""
    with database.cursor() as cursor:
        cursor.execute(
            "DELETE FROM providers_transaction WHERE user_id = %s AND id = ANY(%s) RETURNING id, note",
            [account.user_id, list(events)],
        )
        return {event: note for event, note in cursor.fetchall() if note}


def _with_note(row: Projected, notes: Mapping[UUID, str]) -> Projected:
    if not (note := notes.get(row.event, "")):
        return row
    return replace(row, note=note)


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
            cursor.execute(SECURITIES, arguments | {"ids": [uuid7() for _ in names]})
        mine = Security.objects.filter(provider=provider, provider_security_id__in=names)
        found |= {(provider, name): key for name, key in mine.values_list("provider_security_id", "id")}
    return found
