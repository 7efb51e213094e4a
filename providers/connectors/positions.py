"""Positions that an institution lists in several pieces, as lots or by strategy, added up to one for each security."""

from collections.abc import Iterable
from decimal import Decimal

from providers.records import HoldingRecord


def summed(pieces: Iterable[HoldingRecord]) -> list[HoldingRecord]:
    """One holding for each security and currency. A number that one of its pieces does not tell is not told."""
    found: dict[str, HoldingRecord] = {}
    for piece in pieces:
        before = found.get(piece.security_id)
        found[piece.security_id] = piece if before is None else together(before, piece)
    return list(found.values())


def together(one: HoldingRecord, other: HoldingRecord) -> HoldingRecord:
    """Both in one; their worth is unknown where they are counted in two currencies."""
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
    )
