"""Positions that an institution lists in several pieces, as lots or by strategy, added up to one for each security."""

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal

from providers.records import HoldingRecord, LotRecord


def summed(pieces: Iterable[HoldingRecord]) -> list[HoldingRecord]:
    """One holding for each security and currency. A number that one of its pieces does not tell is not told."""
    found: dict[str, HoldingRecord] = {}
    for piece in pieces:
        before = found.get(piece.security_id)
        found[piece.security_id] = piece if before is None else together(before, piece)
    return list(found.values())


def together(one: HoldingRecord, other: HoldingRecord) -> HoldingRecord:
    """Both in one, with the lots of both; their worth is unknown where they are counted in two currencies."""
    alike = one.currency == other.currency

    def both(first: Decimal | None, second: Decimal | None) -> Decimal | None:
        return None if first is None or second is None or not alike else first + second

    return HoldingRecord(
        security_id=one.security_id,
        quantity=one.quantity + other.quantity,
        price=one.price if one.price == other.price and alike else None,
        market_value=both(one.market_value, other.market_value),
        cost_basis=both(one.cost_basis, other.cost_basis),
        currency=one.currency,
        lots=((*(one.lots or ()), *(other.lots or ())) or None) if alike else None,
    )


def lot(
    *,
    id: str | None,
    bought: str | None,
    quantity: Decimal | None,
    price: Decimal | None,
    cost: Decimal | None,
    value: Decimal | None,
    side: str | None,
) -> LotRecord:
    """A lot as aggregators tell it: ISO 8601, `cost` and `value` of all its units, and LONG or SHORT as its `side`."""
    day, moment = opened(bought)
    short = (side or "").upper() == "SHORT"
    return LotRecord(
        id=id or "",
        quantity=-abs(quantity) if quantity is not None and short else quantity,
        price=price,
        cost_basis=cost,
        market_value=value,
        opened_on=day,
        opened_at=moment,
    )


def opened(text: str | None) -> tuple[date | None, datetime | None]:
    """The day of a purchase and its moment. Midnight stands for a day alone, and so does a time without a zone."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None, None
    timed = moment.tzinfo is not None and moment.timetz().replace(tzinfo=None) != time.min
    return moment.date(), moment if timed else None
