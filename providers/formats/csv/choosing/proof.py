"""The running balance of a table: proof of the order of its rows, of their signs, and of their fees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from providers.formats.csv.cells.numbers import read_number

_PROVEN = 0.8  # of the steps must follow; a bank leaves out rows, and a day's rows may be sorted otherwise
_FEW = 2


def runs_along(amounts: Sequence[str], balances: Sequence[str]) -> bool:
    """True if each balance is the one before or after plus or minus the amount of its row."""
    pairs = [(number_in(one), number_in(other)) for one, other in zip(amounts, balances, strict=True)]
    known = [(amount, balance) for amount, balance in pairs if amount is not None and balance is not None]
    if len(known) <= _FEW:
        return False
    up = sum(abs(here[1] - before[1]) == abs(here[0]) for before, here in pairwise(known))
    down = sum(abs(before[1] - here[1]) == abs(before[0]) for before, here in pairwise(known))
    moved = any(amount for amount, _ in known)
    return moved and max(up, down) >= _PROVEN * (len(known) - 1)


def number_in(cell: str) -> Decimal | None:
    """The number in a cell, with the mark that it can have: a point, if both are possible."""
    number = read_number(cell)
    if number is None:
        return None
    return number.value("." if "." in number.marks else number.marks)


@dataclass(frozen=True, slots=True)
class Proof:
    """How the balances speak: order, sign, and the rows at whose line they do not follow.

    `sign` is -1 where the balance goes down by a positive amount; 0 where only the size of amounts follows.
    """

    newest_first: bool
    sign: int
    fees_apart: bool
    steps: int
    gaps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A row's amount as written, its fee, and the balance after it."""

    line: int
    amount: Decimal
    fee: Decimal
    balance: Decimal


def prove(steps: Sequence[Step]) -> Proof | None:
    """The reading under which most balances follow from the one before; None if there is none, or not only one."""
    pairs = list(pairwise(steps))
    if not any(step.amount for step in steps):
        return None
    has_fees = any(step.fee for step in steps)
    found: list[tuple[int, int, bool, bool, int]] = []
    for newest_first in (False, True):
        for apart in (False, True) if has_fees else (False,):
            for sign in (1, -1, 0):
                count = sum(
                    _follows(*pair, newest_first=newest_first, sign=sign, apart=apart) for pair in pairs
                )
                found.append((count, abs(sign), newest_first, apart, sign))
    best = max(found, key=lambda each: (each[0], each[1]))
    if best[0] < max(_PROVEN * len(pairs), _FEW) or sum(each[:2] == best[:2] for each in found) > 1:
        return None
    count, _, newest_first, apart, sign = best
    gaps = [
        (one if newest_first else other).line
        for one, other in pairs
        if not _follows(one, other, newest_first=newest_first, sign=sign, apart=apart)
    ]
    return Proof(newest_first, sign, apart, count, tuple(gaps))


def _follows(one: Step, other: Step, *, newest_first: bool, sign: int, apart: bool) -> bool:
    older, newer = (other, one) if newest_first else (one, other)
    moved = newer.balance - older.balance
    if sign == 0:
        return abs(moved) == abs(newer.amount)
    return moved == sign * newer.amount - (abs(newer.fee) if apart else 0)
