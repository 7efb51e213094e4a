"""Connections, and the providers that can be connected."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from dashtam.api import Page
from dashtam.errors import NotFound
from providers.connectors import CONNECTORS
from providers.keyset import after
from providers.models import Connection

COLUMNS = (
    *("id", "provider", "state", "state_reason", "consent_expires_at", "last_success_at", "last_attempt_at"),
    *("next_sync_at", "created_at"),
)


def providers_catalogue(*, user_id: UUID) -> list[dict[str, Any]]:
    """All providers by name; `connections` counts the person's own that are not disconnected."""
    living = Connection.objects.filter(user_id=user_id).exclude(
        state__in=(Connection.State.PENDING, Connection.State.DISCONNECTED)
    )
    count = Counter(living.values_list("provider", flat=True))
    return [
        {
            "slug": connector.slug,
            "name": connector.name,
            "description": connector.description,
            "auth": connector.auth,
            "capabilities": list(connector.capabilities),
            "configured": connector.configured,
            "connections": count[connector.slug],
        }
        for connector in sorted(CONNECTORS.values(), key=lambda connector: connector.name)
    ]


def connections(*, user_id: UUID, page: Page | None = None) -> list[dict[str, Any]]:
    """The person's connections, newest first: all, or one row more than the page holds."""
    rows = Connection.objects.filter(user_id=user_id).values(*COLUMNS)
    rows = after(rows, page or Page(), minus_created_at=_moment, minus_id=UUID)
    return [_row(row) for row in (rows[: page.limit + 1] if page else rows)]


def connection(*, user_id: UUID, id: UUID) -> dict[str, Any]:
    """One connection. Raises NotFound."""
    row = Connection.objects.filter(user_id=user_id, id=id).values(*COLUMNS).first()
    if row is None:
        raise NotFound
    return _row(row)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    connector = CONNECTORS.get(row["provider"])
    return row | {"provider_name": connector.name if connector else row["provider"]}


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment
