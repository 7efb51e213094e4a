"""Quotas of connections: the calls that are left in each window, as pages and API tell them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from django.utils import timezone

from providers import connectors
from providers.connections.models import CallCount
from providers.connections.models.call_count import reserve, seconds
from providers.connectors.base import Connector
from providers.connectors.contract.facts import Quota, Scope


class QuotaLeft(TypedDict):
    """Of `calls` in `seconds`, `left` are left until `resets_at` (None: no window is open, so all are).

    `reserved` of them are kept for the person's own updates. Where each account has its quota, `left` is that of the
    account with the fewest.
    """

    of: Scope
    calls: int
    seconds: int
    left: int
    reserved: int
    resets_at: datetime | None


def left(connections: Sequence[tuple[UUID, str]]) -> dict[UUID, list[QuotaLeft]]:
    """The quotas of these connections, given as pairs of id and provider; none where a provider states none."""
    stated = {connection: _quotas(provider) for connection, provider in connections}
    asked = [connection for connection, quotas in stated.items() if quotas]
    used: dict[tuple[UUID | None, str, int], tuple[int, datetime]] = {}
    for count in (
        CallCount.objects.filter(connection_id__in=asked, ends_at__gt=timezone.now()) if asked else ()
    ):
        place = (count.connection_id, "account" if count.account else "grant", count.seconds)
        used[place] = max(used.get(place, (0, count.ends_at)), (count.calls, count.ends_at))
    return {
        connection: [_left(quota, used.get((connection, quota.of, seconds(quota)))) for quota in quotas]
        for connection, quotas in stated.items()
    }


def _quotas(provider: str) -> list[Quota]:
    stated = connectors.CONNECTORS.get(provider, Connector).facts.quotas
    return [quota for quota in stated if quota.of != "installation"]


def _left(quota: Quota, count: tuple[int, datetime] | None) -> QuotaLeft:
    return {
        "of": quota.of,
        "calls": quota.calls,
        "seconds": seconds(quota),
        "left": max(0, quota.calls - count[0]) if count else quota.calls,
        "reserved": reserve(quota),
        "resets_at": count[1] if count else None,
    }
