"""Holdings with their gains."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from dashtam.ui.formats import MINUS
from providers import connectors


@dataclass(frozen=True, slots=True)
class HoldingRow:
    """A holding. `gain` is None and `gain_percent` empty where its value or cost is not known.

    `stale` is true where its price is older than its source lets one expect.
    """

    holding: Mapping[str, Any]
    gain: Decimal | None = None
    gain_percent: str = ""
    stale: bool = False


def holding_rows(holdings: Iterable[Mapping[str, Any]], provider: str = "") -> list[HoldingRow]:
    """The holdings of an account of that provider, in their order."""
    now = timezone.now()
    return [replace(_with_gain(holding), stale=_stale(holding, provider, now)) for holding in holdings]


def most_valuable(
    holdings: Iterable[Mapping[str, Any]], accounts: Iterable[Mapping[str, Any]], currency: str, count: int
) -> list[Mapping[str, Any]]:
    """At most `count` holdings, most valuable first, those in the person's own currency before all others.

    Each says, as `stale`, whether its price is older than its source lets one expect.
    """
    providers, now = {account["id"]: account["provider"] for account in accounts}, timezone.now()
    valued = [holding for holding in holdings if holding["market_value"] is not None]
    valued.sort(key=lambda holding: (holding["currency"] != currency, -Decimal(holding["market_value"])))
    return [
        {**holding, "stale": _stale(holding, providers.get(holding["account_id"], ""), now)}
        for holding in valued[:count]
    ]


def _stale(holding: Mapping[str, Any], provider: str, now: datetime) -> bool:
    return connectors.prices_overdue(provider, holding.get("as_of"), now)


def _with_gain(holding: Mapping[str, Any]) -> HoldingRow:
    value, cost = holding["market_value"], holding["cost_basis"]
    if value is None or cost is None:
        return HoldingRow(holding)
    gain = Decimal(value) - Decimal(cost)
    return HoldingRow(holding, gain, _percent(gain, abs(Decimal(cost))))


def _percent(gain: Decimal, cost: Decimal) -> str:
    """A percentage with a real minus sign, or a plus, so that the direction does not depend on colour."""
    if not cost:
        return ""
    sign = "+" if gain > 0 else MINUS if gain < 0 else ""
    return f"{sign}{abs(gain / cost * 100):,.1f}%"
