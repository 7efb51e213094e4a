"""The role that a heading names, held against the cells below it: these may say that it is another one."""

from __future__ import annotations

import re
from collections.abc import Callable

from providers.formats.csv.cells.numbers import is_currency
from providers.formats.csv.choosing.content import Cells
from providers.formats.csv.words.headings import Role
from providers.formats.csv.words.said import BOOKED, CREDIT, DEBIT, PENDING, VOID, word_in

MONEY: frozenset[Role] = frozenset({"amount", "net", "debit", "credit", "balance", "fee", "tax"})
NUMERIC: frozenset[Role] = MONEY | {"quantity", "price", "original_amount", "exchange_rate"}
_FEW = 4
_CODE = re.compile(r"[A-Za-z]{3}|[€£$¥]")
_TICKER = re.compile(r"[A-Z]{1,5}(?:[./][A-Z]{1,2})?")
_STATES = BOOKED | PENDING | VOID


def checked(role: Role | None, cells: Cells) -> Role | None:
    """The role, if the cells can have it; else the one that they have."""
    if not cells.filled:
        return role if role in MONEY or role in {"other_date", "state"} else "ignore"
    if role is None or role in NUMERIC:
        return role if role is None or cells.share(len(cells.numbers)) >= 0.5 else _not_numeric(role, cells)
    check = _CHECKS.get(role)
    return check(cells) if check else role


def _not_numeric(role: Role, cells: Cells) -> Role | None:
    if role not in MONEY:
        return "ignore"
    return "direction" if cells.of(DEBIT | CREDIT) else None


def _date(cells: Cells) -> Role | None:
    numbered = sum(any(map(str.isdigit, text)) for text in cells.filled)  # totals between the rows have none
    if cells.dated or (cells.days and cells.days >= 0.6 * numbered):
        return "date"
    return "state" if cells.of(_STATES) else _other_date(cells)


def _other_date(cells: Cells) -> Role | None:
    """In some languages the word for the value date is that for the currency, or for the amount."""
    if cells.dated:
        return "other_date"
    return "currency" if holds_currencies(cells) else "amount" if cells.monetary else "ignore"


def _direction(cells: Cells) -> Role | None:
    if cells.of(DEBIT | CREDIT) or (cells.share(_sided(cells)) >= 0.5 and len(set(cells.filled)) <= _FEW):
        return "direction"
    return "amount" if cells.numeric else "kind"


def _sided(cells: Cells) -> int:
    return sum(word_in(text, DEBIT | CREDIT) for text in cells.filled)


def _kind(cells: Cells) -> Role | None:
    return "direction" if cells.of(DEBIT | CREDIT) and len(set(cells.filled)) == 2 else "kind"


def _state(cells: Cells) -> Role | None:
    told = any(word_in(text, PENDING | VOID) for text in cells.filled) and len(set(cells.filled)) <= _FEW
    return "state" if told or cells.share(known_states(cells)) >= 0.5 else "ignore"


def known_states(cells: Cells) -> int:
    """How many of the cells are a word for a state that we know."""
    return sum(word_in(text, _STATES) for text in cells.filled)


def _currency(cells: Cells) -> Role | None:
    return "currency" if holds_currencies(cells) else "amount" if cells.numeric else None


def holds_currencies(cells: Cells) -> bool:
    """True for codes and signs of currencies, and not for other words of three letters, such as a Danish “nej”."""
    known = sum(is_currency(text.upper()) or not text.isalpha() for text in cells.filled)
    return cells.match(_CODE) and cells.share(known) >= 0.5


def _security(cells: Cells) -> Role | None:
    return "symbol" if cells.match(_TICKER) else "security"


def _account(cells: Cells) -> Role | None:
    """An account's number repeats, and has digits; one that changes from row to row is the other party's."""
    if cells.share(sum(any(map(str.isdigit, text)) for text in cells.filled)) < 0.5:
        return "account_name"
    different = len(set(cells.filled))
    return "ignore" if different > 3 and different * 2 > len(cells.filled) else "account"


def _reference(cells: Cells) -> Role | None:
    worded = sum(" " in text and text[:1].isalpha() for text in cells.filled)
    return "description" if cells.share(worded) >= 0.5 else "reference"


_CHECKS: dict[Role, Callable[[Cells], Role | None]] = {
    "date": _date,
    "other_date": _other_date,
    "direction": _direction,
    "kind": _kind,
    "state": _state,
    "currency": _currency,
    "account": _account,
    "reference": _reference,
    "security": _security,
}
