"""Columns of account numbers: whether they are of the file's own accounts, or of the other parties."""

from __future__ import annotations

from collections.abc import Sequence

from providers.formats.csv.choosing.content import Cells
from providers.formats.csv.words.headings import Role

_MONEY = frozenset({"amount", "net", "debit", "credit"})
_BEFORE = frozenset({"payee", "description"})


def leave_other_parties(roles: list[Role | None], columns: Sequence[Cells]) -> None:
    """Numbers that change, between whom a row is with and its amount, are of the other party."""
    for index in [at for at, role in enumerate(roles) if role == "account"]:
        before, after = set(roles[:index]), set(roles[index + 1 :])
        changing = len(set(columns[index].filled)) > 1
        if changing and "date" in before and before & _BEFORE and after & _MONEY and not before & _MONEY:
            roles[index] = "ignore"


def is_own(account: str, cells: Cells) -> bool:
    """True unless the file names its account above the table, and no cell of the column is that."""
    named = _compact(account)
    return not named or any(_compact(text) in named or named in _compact(text) for text in cells.filled)


def _compact(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper()
