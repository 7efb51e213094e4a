"""Holdings as the SimpleFIN Bridge adds them: no version of the protocol describes them."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from providers.connectors.positions import summed
from providers.connectors.simplefin.types import unit_of
from providers.connectors.simplefin.values import Misread, mapping, moment, money, needed, objects, text
from providers.records import HoldingRecord, HoldingsRecord, SecurityRecord

NEAR = Decimal(
    "0.01"
)  # a cost of all units and units times their price agree up to rounding of one part in a hundred


def holdings(item: Mapping[str, Any], currency: str, now: datetime) -> HoldingsRecord | None:
    """The holdings of an account; None if the server does not speak of them.

    They are complete if each could be read.
    """
    if not isinstance(item.get("holdings"), list):
        return None
    listed = [mapping(each) for each in objects(item["holdings"])]
    symbols = Counter(text(each, "symbol") for each in listed)
    held, named, seen, complete = [], [], [], True
    for each in listed:
        try:
            symbol = text(each, "symbol", longest=60)
            own = symbol if symbol and symbols[symbol] == 1 else text(each, "id", longest=200)
            held.append(_holding(each, own, currency))
            named.append(_security(each, own, symbol, currency))
            seen.append(moment(each, "created"))
        except Misread:
            complete = False
    times = [at for at in seen if at is not None]
    return HoldingsRecord(
        as_of=min(times, default=now), holdings=summed(held), securities=named, complete=complete
    )


def _holding(each: Mapping[str, Any], id: str, currency: str) -> HoldingRecord:
    if not id:
        raise Misread("id")
    units = needed(each, "shares")
    return HoldingRecord(
        security_id=id,
        quantity=units,
        price=None,
        market_value=money(each, "market_value"),
        cost_basis=_cost(units, money(each, "cost_basis"), money(each, "purchase_price")),
        currency=unit_of(each.get("currency") or currency),
    )


def _security(each: Mapping[str, Any], id: str, symbol: str, currency: str) -> SecurityRecord:
    return SecurityRecord(
        id=id,
        symbol=symbol,
        name=text(each, "description", longest=300) or symbol,
        type="",
        cusip="",
        isin="",
        currency=unit_of(each.get("currency") or currency),
    )


def _cost(units: Decimal, basis: Decimal | None, paid: Decimal | None) -> Decimal | None:
    """The cost of all units. It is sent for all or for each: the price paid proves which, else it is unknown."""
    if not basis or not paid or not units:
        return None
    if abs(basis - paid * units) <= NEAR * abs(basis):
        return basis
    return paid * units if abs(basis - paid) <= NEAR * abs(paid) else None
