"""The lots of holdings: what was bought when, and how far these add up to the holding."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dashtam.ui.currencies import minor_units
from dashtam.ui.formats import money_text, quantity_text

SHOWN = 100


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot. `gain` is None where its value or its cost is not known."""

    lot: Mapping[str, Any]
    gain: Decimal | None


@dataclass(frozen=True, slots=True)
class HoldingLots:
    """The lots of a holding; `notes` say what they leave open, `more` how many are not shown."""

    holding: Mapping[str, Any]
    count: int
    rows: Sequence[LotRow]
    notes: Sequence[str]
    more: int


def lots_of(holdings: Iterable[Mapping[str, Any]]) -> list[HoldingLots]:
    """Those of the holdings whose lots are told, in their order."""
    return [_lots(holding, holding["lots"]) for holding in holdings if holding["lots"]]


def _lots(holding: Mapping[str, Any], lots: Sequence[Mapping[str, Any]]) -> HoldingLots:
    rows = [LotRow(lot, _gain(lot)) for lot in lots[:SHOWN]]
    return HoldingLots(holding, len(lots), rows, list(_notes(holding, lots)), len(lots) - len(rows))


def _gain(lot: Mapping[str, Any]) -> Decimal | None:
    value, cost = lot["market_value"], lot["cost_basis"]
    return None if value is None or cost is None else Decimal(value) - Decimal(cost)


def _notes(holding: Mapping[str, Any], lots: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    units, cost = holding["outside_lots"], holding["cost_outside_lots"]
    if units is None:
        yield "The institution does not say of each lot how many units it has."
    elif outside := Decimal(units):
        far = quantity_text(abs(outside))
        fewer = (outside > 0) == (Decimal(holding["quantity"]) > 0)
        some = "1 unit" if abs(outside) == 1 else f"{far} units"
        yield f"Not in these lots: {some}." if fewer else f"These lots have {some} more than the holding."
    if cost is not None and abs(Decimal(cost)) > _rounding(holding["currency"], len(lots)):
        whole = Decimal(holding["cost_basis"])
        theirs, told = (money_text(amount, holding["currency"]) for amount in (whole - Decimal(cost), whole))
        yield f"The costs of these lots add up to {theirs}; the institution states {told} for the holding."


def _rounding(currency: str, lots: int) -> Decimal:
    """The most that a sum can be off when each cost was rounded by itself."""
    return Decimal(lots).scaleb(-minor_units(currency))
