"""Connections, and the providers that can be connected."""

from collections import Counter
from typing import Any
from uuid import UUID

from dashtam.api.keyset import after, moment
from dashtam.api.paging import Page
from dashtam.bridge.doors import run_db
from dashtam.cache import cache
from dashtam.errors import NotFound
from providers.connections.models import Connection
from providers.connectors import CONNECTORS

CATALOGUE_SECONDS = 300
COLUMNS = (
    *("id", "provider", "state", "state_reason", "consent_expires_at", "last_success_at", "last_attempt_at"),
    *("next_sync_at", "created_at"),
)


async def providers_catalogue(*, user_id: UUID) -> list[dict[str, Any]]:
    """All providers by name; `connections` counts the person's own that are not disconnected.

    Only the counts come from the cache: what is configured follows the settings at once.
    """
    key = catalogue_key(user_id)
    count = await cache().get(key, dict[str, int])
    if count is None:
        count = await run_db(_counted, user_id)
        await cache().set(key, count, seconds=CATALOGUE_SECONDS)
    return [
        {
            "slug": connector.slug,
            "name": connector.name,
            "description": connector.description,
            "auth": connector.auth,
            "capabilities": list(connector.capabilities),
            "configured": connector.configured,
            "connections": count.get(connector.slug, 0),
        }
        for connector in sorted(CONNECTORS.values(), key=lambda connector: connector.name)
    ]


def catalogue_key(user_id: UUID) -> str:
    """Where a person's catalogue is cached; forgotten when one of their connections comes or goes."""
    return f"provider-catalogue:{user_id}"


def _counted(user_id: UUID) -> dict[str, int]:
    living = Connection.objects.filter(user_id=user_id).exclude(
        state__in=(Connection.State.PENDING, Connection.State.DISCONNECTED)
    )
    return dict(Counter(living.values_list("provider", flat=True)))


def connections(*, user_id: UUID, page: Page | None = None) -> list[dict[str, Any]]:
    """The person's connections, newest first: all, or one row more than the page holds."""
    rows = Connection.objects.filter(user_id=user_id).values(*COLUMNS)
    rows = after(rows, page or Page(), minus_created_at=moment, minus_id=UUID)
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
