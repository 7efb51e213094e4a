"""Bank transaction codes (ISO 20022 external code set) as kinds; the code itself stays beside them."""

from __future__ import annotations

from decimal import Decimal

from providers.records import Kind

# By sub-family, which says most; then by family.
_SUB_FAMILIES = {
    "CHRG": Kind.FEE,
    "COMM": Kind.FEE,
    "FEES": Kind.FEE,
    "COME": Kind.FEE,
    "COMI": Kind.FEE,
    "COMT": Kind.FEE,
    "TAXE": Kind.TAX,
    "WITH": Kind.TAX,
    "INTR": Kind.INTEREST,
    "DVCA": Kind.DIVIDEND,
    "POSD": Kind.PURCHASE,
    "POSC": Kind.PURCHASE,
    "POSP": Kind.PURCHASE,
    "SMRT": Kind.PURCHASE,
    "CWDL": Kind.ATM,
    "XBCW": Kind.ATM,
    "CDPT": Kind.DEPOSIT,
    "SALA": Kind.DEPOSIT,
    "BOOK": Kind.TRANSFER,
}
_FAMILIES = {
    "IDDT": Kind.PAYMENT,
    "RDDT": Kind.PAYMENT,
    "ICHQ": Kind.CHECK,
    "RCHQ": Kind.CHECK,
    "DRFT": Kind.CHECK,
}
_CARDS = frozenset({"CCRD", "MCRD"})


def kind_of(family: str, sub_family: str, amount: Decimal) -> Kind:
    """The kind of a row by its code; money out or in where the code says nothing of the kind."""
    kind = _SUB_FAMILIES.get(sub_family) or _FAMILIES.get(family)
    if kind is None and family in _CARDS and amount < 0:
        kind = Kind.PURCHASE
    if kind is Kind.DIVIDEND and amount < 0:
        kind = None
    if kind is not None:
        return kind
    return Kind.DEBIT if amount < 0 else Kind.CREDIT
