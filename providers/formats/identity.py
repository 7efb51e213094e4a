"""Row identities that are the same in every file that holds the row.

FITID alone does not suffice: some banks leave it out, some reuse it for the fee next to the purchase, some write a
constant. The identity of a row therefore depends on the row alone, never on which other rows happen to be in
the same file: FITID plus a digest of day, amount, security and quantity, or without a FITID a digest of
everything. Rows that still agree are numbered in the order of their content, so that the direction of the
list does not matter.
"""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256

from msgspec.structs import force_setattr

from providers.formats.statement import StatementTransaction


def with_identities(rows: list[StatementTransaction]) -> tuple[StatementTransaction, ...]:
    """The same rows in the same order, each with `identity` and `occurrence` filled in: in place, as they are new."""
    first: dict[str, int] = {}
    equal: dict[str, list[int]] = {}  # the rows of a name that several have
    for index, row in enumerate(rows):
        name = name_of(row)
        if (before := first.setdefault(name, index)) == index:
            force_setattr(row, "identity", name)  # a copy of a row takes ten times as long
        else:
            equal.setdefault(name, [before]).append(index)
    for name, indexes in equal.items():
        indexes.sort(key=lambda index: (_content(rows[index]), index))
        for occurrence, index in enumerate(indexes):
            force_setattr(rows[index], "identity", f"{name}~{occurrence}" if occurrence else name)
            force_setattr(rows[index], "occurrence", occurrence)
    return tuple(rows)


def name_of(row: StatementTransaction) -> str:
    """The identity before rows that agree in it are numbered."""
    if row.fitid is None:
        return f"~{sha256(_content(row).encode()).hexdigest()[:32]}"
    return f"{row.fitid}~{sha256(_essence(row).encode()).hexdigest()[:12]}"


def _essence(row: StatementTransaction) -> str:
    security, units = row.security.unique_id if row.security else "", row.quantity
    quantity = "" if units is None else _plain(units)
    return f"{row.date.isoformat()}\x1f{_plain(row.amount)}\x1f{security}\x1f{quantity}"


def _content(row: StatementTransaction) -> str:
    return (
        f"{_essence(row)}\x1f{row.currency or ''}\x1f{row.source_code}\x1f{row.description.casefold()}"
        f"\x1f{row.check_number or ''}\x1f{row.reference or ''}"
    )


def _plain(number: Decimal) -> str:
    """`1.50` and `+1.5` are the same number: one spelling for both."""
    text = str(number)
    if "E" in text:
        text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
