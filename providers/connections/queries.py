"""Reads of connections, and the catalogue of providers that can be connected."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from django.db.models import Count, QuerySet

from dashtam.api.keyset import after, moment
from dashtam.api.paging import ALL, Listing, Page, listing
from dashtam.bridge.doors import run_db
from dashtam.cache import cache
from dashtam.errors import NotFound
from providers import connectors
from providers.connections import quotas
from providers.connections.models import Connection
from providers.connections.quotas import QuotaLeft
from providers.connectors.base import Auth, Connector
from providers.connectors.contract.facts import Behind
from providers.records import Capability

# Cached until one of the person's connections comes or goes.
CATALOGUE_KEY = "provider-catalogue:{user_id}"
CATALOGUE_SECONDS = 300
DAY = 24 * 60 * 60
_COLUMNS = (
    *("id", "provider", "state", "state_reason", "consent_expires_at", "last_success_at", "last_attempt_at"),
    *("next_sync_at", "created_at", "deleted", "accounts_offered_at", "institution"),
)
_DELETED = Count("deleted_accounts")


class QuotaRow(TypedDict):
    """So many calls in so many seconds, for the installation, each grant, or each account."""

    calls: int
    seconds: int
    of: str


class FactsRow(TypedDict):
    """The facts of a provider, as far as its connector declares them; None and "" for what is not known."""

    cadence_minutes: int | None
    history_days: int | None
    window_days: int | None
    look_back_days: int
    ids: str | None
    pending: str | None
    consent_days: int | None
    quotas: list[QuotaRow]
    regions: list[str]
    cost: str
    needs: str
    freshness: str
    behind: Behind
    manage_url: str
    register_url: str


class ProviderRow(TypedDict):
    """A provider of the catalogue; `connections` counts the person's own."""

    slug: str
    name: str
    description: str
    auth: Auth
    capabilities: list[Capability]
    configured: bool
    connections: int
    facts: FactsRow


class ConnectionRow(TypedDict):
    """A connection and its state. `state_reason` is a code, or empty when all is well.

    `deleted_accounts` counts those that its person deleted, which are not read any more. `accounts_offered_at` is when
    the institution told of accounts that are not shared yet. `institution` is the one behind an aggregator's consent,
    or empty where there is none or several.
    """

    id: UUID
    provider: str
    state: str
    state_reason: str
    consent_expires_at: datetime | None
    last_success_at: datetime | None
    last_attempt_at: datetime | None
    next_sync_at: datetime | None
    created_at: datetime
    accounts_offered_at: datetime | None
    provider_name: str
    institution: str
    deleted_accounts: int
    quotas: list[QuotaLeft]


async def providers_catalogue(user_id: UUID, /) -> list[ProviderRow]:
    """All providers by name; `connections` counts the person's own that are not disconnected.

    Only the counts come from the cache: a change of the settings shows at once.
    """
    key = CATALOGUE_KEY.format(user_id=user_id)
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
            "facts": _facts(connector),
        }
        for connector in sorted(connectors.CONNECTORS.values(), key=lambda connector: connector.name)
    ]


def _facts(connector: Connector) -> FactsRow:
    facts = connector.facts
    return {
        "cadence_minutes": _whole(facts.cadence, 60),
        "history_days": _whole(facts.history, DAY),
        "window_days": _whole(facts.longest_window, DAY),
        "look_back_days": facts.look_back.days,
        "ids": facts.ids,
        "pending": facts.pending,
        "consent_days": _whole(connector.consent_life, DAY),
        "quotas": [
            {"calls": quota.calls, "seconds": round(quota.per.total_seconds()), "of": quota.of}
            for quota in facts.quotas
        ],
        "regions": list(facts.regions),
        "cost": facts.cost,
        "needs": facts.needs,
        "freshness": facts.freshness,
        "behind": facts.behind,
        "manage_url": facts.manage,
        "register_url": facts.register,
    }


def _whole(time: timedelta | None, seconds: int) -> int | None:
    return None if time is None else int(time.total_seconds() // seconds)


async def connections(user_id: UUID, /, page: Page = ALL) -> Listing[ConnectionRow]:
    """The person's connections, newest first."""
    return await run_db(_connections, user_id, page)


async def connection(user_id: UUID, connection_id: UUID, /) -> ConnectionRow:
    """One connection. Raises NotFound."""
    return await run_db(_connection, user_id, connection_id)


async def alike(user_id: UUID, provider: str, /) -> list[UUID]:
    """The person's living connections to this provider: to repair, or to add accounts to."""
    return await run_db(_alike, user_id, provider)


def _alike(user_id: UUID, provider: str) -> list[UUID]:
    return list(_living(user_id).filter(provider=provider).values_list("id", flat=True))


def _living(user_id: UUID) -> QuerySet[Connection]:
    gone = (Connection.State.PENDING, Connection.State.DISCONNECTED)
    return Connection.objects.filter(user_id=user_id).exclude(state__in=gone)


def _counted(user_id: UUID) -> dict[str, int]:
    return dict(Counter(_living(user_id).values_list("provider", flat=True)))


def _connections(user_id: UUID, page: Page) -> Listing[ConnectionRow]:
    mine = Connection.objects.filter(user_id=user_id).annotate(deleted=_DELETED)
    found = after(mine, page, minus_created_at=moment, minus_id=UUID).values(*_COLUMNS)[: page.limit + 1]
    return listing(_rows(found), page, lambda row: (row["created_at"], row["id"]))


def _connection(user_id: UUID, connection_id: UUID) -> ConnectionRow:
    mine = Connection.objects.filter(user_id=user_id, id=connection_id).annotate(deleted=_DELETED)
    row = mine.values(*_COLUMNS).first()
    if row is None:
        raise NotFound
    return _rows([row])[0]


def _rows(found: Iterable[Any]) -> list[ConnectionRow]:
    rows = list(found)
    left = quotas.left([(row["id"], row["provider"]) for row in rows])
    return [
        row
        | {
            "provider_name": connectors.name_of(row["provider"]),
            "deleted_accounts": row.pop("deleted"),
            "quotas": left[row["id"]],
        }
        for row in rows
    ]
