"""Lots of holdings as their column keeps them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from providers.ledger import checks
from providers.records import LotRecord

MOST = 5_000  # of one holding; the units of any further ones show as those that are in no lot
LONGEST_ID = 200


def check(lots: Sequence[LotRecord] | None) -> None:
    """Raise ProviderUnreadable for numbers that no column could hold."""
    for lot in lots or ():
        checks.numbers(lot.quantity, lot.price, lot.cost_basis, lot.market_value)


def kept(lots: Sequence[LotRecord] | None) -> list[dict[str, Any]] | None:
    """The lots as JSON, decimals as text; what is not told is left out. None where no lots are told."""
    return [_kept(lot) for lot in lots[:MOST]] if lots else None


def _kept(lot: LotRecord) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(lot)
    told["id"] = checks.opaque(lot.id, LONGEST_ID)
    return {name: value for name, value in told.items() if value not in (None, "")}
