"""Holdings as they are shown: with what was gained on each."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from dashtam.templatetags.formats import MINUS

Row = dict[str, Any]


def with_gains(holdings: Iterable[Row]) -> list[Row]:
    """Each position with `gain` and `gain_percent`, None and "" where its value or cost is not known."""
    return [row | _gain(row["market_value"], row["cost_basis"]) for row in holdings]


def largest(holdings: Iterable[Row], currency: str, count: int) -> list[Row]:
    """The most valuable ones, those in the person's own currency first."""
    valued = [row for row in holdings if row["market_value"] is not None]
    return sorted(valued, key=lambda row: (row["currency"] != currency, -Decimal(row["market_value"])))[
        :count
    ]


def _gain(value: str | None, cost: str | None) -> Row:
    if value is None or cost is None:
        return {"gain": None, "gain_percent": ""}
    gain = Decimal(value) - Decimal(cost)
    return {"gain": gain, "gain_percent": _percent(gain, abs(Decimal(cost)))}


def _percent(gain: Decimal, cost: Decimal) -> str:
    """With a real minus sign, or a plus, so that the direction does not hang on colour."""
    if not cost:
        return ""
    sign = "+" if gain > 0 else MINUS if gain < 0 else ""
    return f"{sign}{abs(gain / cost * 100):,.1f}%"
