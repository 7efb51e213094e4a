"""Columns of money that no heading names: amount, balance, or a pair that takes turns, by what they hold."""

from __future__ import annotations

from collections.abc import Sequence

from providers.formats.csv.cells.numbers import read_number
from providers.formats.csv.choosing.content import Cells
from providers.formats.csv.choosing.proof import number_in, runs_along
from providers.formats.csv.words.headings import Role


def find_money(roles: list[Role | None], columns: Sequence[Cells]) -> None:
    """Amount, balance, or a pair of debit and credit, by what the cells hold."""
    free = [index for index, cells in enumerate(columns) if roles[index] is None and cells.numeric]
    money = [index for index in free if columns[index].monetary] or free
    pair = _pair(money, columns)
    if pair:
        roles[pair[0]], roles[pair[1]] = "debit", "credit"  # which is which, the balance or a person says
        money = [index for index in money if index not in pair]
        _as_balance(money, roles, columns, pair)
        return
    for index in money:
        others = [each for each in money if each != index]
        partner = next((each for each in others if _follows(columns[index], columns[each])), None)
        if partner is not None and "balance" not in roles:
            after = next(
                (each for each in others if _ends_with(columns[index], columns[partner], columns[each])),
                index,
            )
            roles[after], roles[partner] = "balance", "amount"
            return
    signed = [index for index in money if any(number.negative for number in columns[index].numbers)]
    chosen = signed if len(signed) == 1 else money
    if len(chosen) == 1:
        roles[chosen[0]] = "amount"
    else:
        for index in chosen:
            roles[index] = "ignore"


def complete_pair(roles: list[Role | None], columns: Sequence[Cells], sides: Sequence[Role | None]) -> None:
    """The other column of a pair of which only one heading was understood: each row fills one of the two.

    Which is which, the headings say, as far as they do; else the balance or a person.
    """
    found = [index for index, role in enumerate(roles) if role in {"debit", "credit"}]
    plain = [index for index, role in enumerate(roles) if role == "amount"]
    if len(found or plain) != 1:
        return
    (one,) = found or plain
    if not found and any(number.negative for number in columns[one].numbers):
        return  # it has both directions by itself
    rest = [
        index
        for index, cells in enumerate(columns)
        if roles[index] in {None, "ignore", "amount"} and cells.numeric and index != one
    ]
    other = next((index for index in rest if _pair([one, index], columns)), None)
    if other is None:
        return
    told = [*sides, *[None] * len(columns)]
    own, theirs = roles[one] if roles[one] != "amount" else told[one], told[other]
    out = one if own == "debit" or theirs == "credit" or own is None is theirs else other
    roles[out], roles[other if out == one else one] = "debit", "credit"


def _as_balance(
    money: Sequence[int], roles: list[Role | None], columns: Sequence[Cells], pair: tuple[int, int]
) -> None:
    rows = zip(*(columns[each].texts for each in pair), strict=True)
    moved = [one if not _zero(one) else other for one, other in rows]
    for index in money:
        if runs_along(moved, columns[index].texts):
            roles[index] = "balance"
            return


def _pair(money: Sequence[int], columns: Sequence[Cells]) -> tuple[int, int] | None:
    """Two columns of which each row fills one."""
    for at, one in enumerate(money):
        for other in money[at + 1 :]:
            rows = list(zip(columns[one].texts, columns[other].texts, strict=True))
            filled = [(not _zero(left), not _zero(right)) for left, right in rows]
            used = [each for each in filled if any(each)]
            if used and not any(all(each) for each in used) and {each[0] for each in used} == {True, False}:
                return one, other
    return None


def _zero(cell: str) -> bool:
    number = read_number(cell)
    return number is None or not number.digits.strip("0.,")


def _ends_with(before: Cells, amount: Cells, after: Cells) -> bool:
    """True if each row has a balance before it and one after it, and these are the ones after it."""
    rows = [
        (number_in(one), number_in(moved), number_in(other))
        for one, moved, other in zip(before.texts, amount.texts, after.texts, strict=True)
    ]
    told = [(one, moved, other) for one, moved, other in rows if None not in {one, moved, other}]
    return len(told) > 1 and all(one + moved == other for one, moved, other in told)  # type: ignore[operator]


def _follows(balance: Cells, amount: Cells) -> bool:
    return runs_along(amount.texts, balance.texts)
