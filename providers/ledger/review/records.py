"""Records of observations, out of their sealed blocks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection as database

from providers import connectors
from providers.ledger.models import Security
from providers.ledger.observations import blocks
from providers.ledger.observations.models import Delivery, Edit
from providers.records import TransactionRecord

Place = tuple[UUID, int]

_TODAY = """
SELECT DISTINCT ON (o.event) o.event, s.account_id, o.delivery_id, o.place, s.provider, s.kind
FROM providers_observation o
JOIN providers_source s ON s.id = o.source_id
JOIN providers_financialaccount a ON a.id = s.account_id
WHERE a.user_id = %s AND o.event = ANY(%s) AND o.state = 0
ORDER BY o.event, o.status DESC, s.kind, o.id DESC
"""


@dataclass(frozen=True, slots=True)
class Today:
    """An event as its most certain source states it today, and the person's edits of it."""

    event: UUID
    account_id: UUID
    record: TransactionRecord
    provider: str
    own: bool  # the person's own row
    edits: Mapping[str, str]


def records_at(places: Iterable[Place]) -> dict[Place, TransactionRecord]:
    """The records at these places; each block is opened once."""
    wanted = set(places)
    found: dict[Place, TransactionRecord] = {}
    deliveries = Delivery.objects.filter(id__in={delivery for delivery, _ in wanted})
    for delivery in deliveries.iterator(chunk_size=20):
        records = blocks.unseal(delivery)
        found |= {(delivery.id, n): record for n, record in enumerate(records) if (delivery.id, n) in wanted}
    return found


def today(user_id: UUID, events: Iterable[UUID]) -> dict[UUID, Today]:
    """The person's events that a source states today, hidden and deleted ones among them."""
    wanted = list(events)
    with database.cursor() as cursor:
        cursor.execute(_TODAY, [user_id, wanted])
        rows = cursor.fetchall()
    edits: dict[UUID, dict[str, str]] = {}
    for edit in Edit.objects.filter(event__in=wanted, account__user_id=user_id):
        edits.setdefault(edit.event, {})[edit.field] = edit.value
    records = records_at((row[2], row[3]) for row in rows)
    return {
        event: Today(
            event, account, records[delivery, place], provider, kind == "person", edits.get(event, {})
        )
        for event, account, delivery, place, provider, kind in rows
    }


def symbols(events: Iterable[Today]) -> dict[tuple[str, str], str]:
    """The symbols of the securities that events name, by namespace and id."""
    named: dict[str, set[Any]] = {}
    for event in events:
        if event.record.security_id:
            named.setdefault(event.provider, set()).add(event.record.security_id)
    found: dict[tuple[str, str], str] = {}
    for provider, names in named.items():
        rows = Security.objects.filter(provider=provider, provider_security_id__in=names)
        found |= {
            (provider, name): symbol for name, symbol in rows.values_list("provider_security_id", "symbol")
        }
    return found


def source_name(kind: str, name: str, provider: str) -> str:
    """A source as people call it: their institution, `OFX files`, `You`."""
    if kind == "person":
        return "You"
    return connectors.name_of(provider) if kind == "feed" else f"{name.upper()} files"
