"""Row identities that are the same in every file that holds the row.

FITID alone does not suffice: some banks leave it out, some reuse it for the fee next to the purchase, some write a
constant. The identity of a row therefore depends on the row alone, never on which other rows happen to be in
the same file: FITID plus a digest of day, amount, security and quantity, or without a FITID a digest of
everything. Rows that still agree are numbered in the order of their content, so that the direction of the
list does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from hashlib import sha256

from providers.formats.statement import StatementTransaction


def with_identities(rows: list[StatementTransaction]) -> tuple[StatementTransaction, ...]:
    """The same rows in the same order, each with `identity` and `occurrence` filled in: in place, as they are new."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        groups[name_of(row)].append(index)
    for name, indexes in groups.items():
        if len(indexes) > 1:
            indexes.sort(key=lambda index: (_content(rows[index]), index))
        for occurrence, index in enumerate(indexes):
            identity = f"{name}~{occurrence}" if occurrence else name
            object.__setattr__(rows[index], "identity", identity)  # a copy of a row takes ten times as long
            object.__setattr__(rows[index], "occurrence", occurrence)
    return tuple(rows)


def name_of(row: StatementTransaction) -> str:
    """The identity before rows that agree in it are numbered."""
    if row.fitid is None:
        return f"~{_digest(_content(row))[:32]}"
    return f"{row.fitid}~{_digest(_essence(row))[:12]}"


def _essence(row: StatementTransaction) -> list[str]:
    security = row.security.unique_id if row.security else ""
    return [row.date.isoformat(), _plain(row.amount), security, _plain(row.quantity)]


def _content(row: StatementTransaction) -> list[str]:
    return [
        *_essence(row),
        row.currency or "",
        row.source_code,
        row.description.casefold(),
        row.check_number or "",
        row.reference or "",
    ]


def _plain(number: Decimal | None) -> str:
    """`1.50` and `+1.5` are the same number: one spelling for both."""
    if number is None:
        return ""
    text = str(number)
    if "E" in text:
        text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _digest(parts: list[str]) -> str:
    return sha256("\x1f".join(parts).encode()).hexdigest()
