"""Signs of a table: whether a positive amount is money in or money out, by words or by the running balance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from providers.formats.csv.numbers import read_number
from providers.formats.csv.understanding import SignRule
from providers.formats.csv.words import CREDIT, DEBIT, kind_of, plain, word_in
from providers.records import Kind

OUT = frozenset({Kind.BUY, Kind.FEE, Kind.TAX, Kind.CASH_OUT, Kind.ATM, Kind.CHECK, Kind.PURCHASE, Kind.DEBIT})
IN = frozenset({Kind.SELL, Kind.DIVIDEND, Kind.INTEREST, Kind.DEPOSIT, Kind.CREDIT, Kind.CAPITAL_GAIN})
# A card's bill being paid: money into the account of the card, whatever sign it has.
_PAID = ("payment thank you", "thank you for your payment", "autopay", "payment received", "automatic payment")


@dataclass(frozen=True, slots=True)
class Sample:
    """An amount as it is written, and the words beside it."""

    amount: Decimal
    signed: bool
    word: str = ""
    direction: str = ""
    kind: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The rule, and the reason why a person has to say it, if there is one."""

    rule: SignRule
    doubt: str = ""


def sign_rule(samples: Sequence[Sample], *, has_direction: bool) -> Verdict:
    """The rule for one column of amounts, from what is written in it and beside it."""
    moved = [sample for sample in samples if sample.amount]
    if not moved:
        return Verdict("as_written")
    negative = [sample for sample in moved if sample.amount < 0]
    if has_direction:
        return _by_direction(moved, negative)
    if any(sample.word in {"CR", "DR"} for sample in moved):
        return Verdict("word") if not negative else _mixed_words(moved)
    kinds = [kind_of(sample.kind) for sample in moved if sample.kind]
    if Kind.BUY in kinds and any(kind_of(each.kind) is Kind.BUY and each.amount > 0 for each in moved):
        return Verdict("action")
    if negative or all(sample.signed for sample in moved):
        return _as_written(moved, negative)
    if len(kinds) == len(moved) and all(kind in OUT or kind in IN for kind in kinds):
        return Verdict("action")
    return Verdict("as_written", "No amount has a sign, and no other column says which is money in and which is money out.")


def by_action(text: str, amount: Decimal) -> Decimal | None:
    """The amount with the sign that the action gives it; None for an action without one and an amount without one."""
    kind = kind_of(text)
    if kind in {Kind.BUY, Kind.SELL}:
        return abs(amount) if kind is Kind.SELL else -abs(amount)
    if amount < 0 or not amount:
        return amount
    if kind in OUT:
        return -amount
    return amount if kind in IN else None


def by_word(cell: str, amount: Decimal) -> Decimal | None:
    """The amount with the sign of a word such as debit or credit; None for another word."""
    if word_in(cell, DEBIT):
        return -amount
    return amount if word_in(cell, CREDIT) else None


def _by_direction(moved: Iterable[Sample], negative: Sequence[Sample]) -> Verdict:
    if not negative:
        return Verdict("word")
    told = [(sample, by_word(sample.direction, abs(sample.amount))) for sample in moved]
    known = [(sample.amount, said) for sample, said in told if said is not None]
    if all(amount == said for amount, said in known):
        return Verdict("as_written")
    if all(amount == -said for amount, said in known):
        return Verdict("reversed")
    # A negative amount under “debit” is a correction of one: the words still say which way a positive one goes.
    return Verdict("word", "Amounts have signs, and the words beside them say something else.")


def _mixed_words(moved: Iterable[Sample]) -> Verdict:
    if all((sample.amount < 0) == (sample.word != "CR") for sample in moved):
        return Verdict("as_written")
    return Verdict("as_written", "Amounts have signs, and the letters beside them say something else.")


def _as_written(moved: Sequence[Sample], negative: Sequence[Sample]) -> Verdict:
    paid = [sample for sample in moved if any(words in plain(sample.text) for words in _PAID)]
    if paid and all(sample.amount < 0 for sample in paid) and len(negative) * 2 <= len(moved):
        return Verdict("reversed", "Payments of the bill are negative here, so a positive amount may be money spent.")
    return Verdict("as_written")

_PROVEN = 0.8  # of the steps must follow; a bank leaves out rows, and a day's rows may be sorted otherwise
_FEW = 2


def runs_along(amounts: Sequence[str], balances: Sequence[str]) -> bool:
    """True if each balance is the one before or after plus or minus the amount of its row."""
    pairs = [(_value(one), _value(other)) for one, other in zip(amounts, balances, strict=True)]
    known = [(amount, balance) for amount, balance in pairs if amount is not None and balance is not None]
    if len(known) <= _FEW:
        return False
    up = sum(abs(here[1] - before[1]) == abs(here[0]) for before, here in zip(known, known[1:], strict=False))
    down = sum(abs(before[1] - here[1]) == abs(before[0]) for before, here in zip(known, known[1:], strict=False))
    moved = any(amount for amount, _ in known)
    return moved and max(up, down) >= _PROVEN * (len(known) - 1)


def _value(cell: str) -> Decimal | None:
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
    pairs = list(zip(steps, steps[1:], strict=False))
    if not any(step.amount for step in steps):
        return None
    has_fees = any(step.fee for step in steps)
    found: list[tuple[int, int, bool, bool, int]] = []
    for newest_first in (False, True):
        for apart in (False, True) if has_fees else (False,):
            for sign in (1, -1, 0):
                count = sum(_follows(*pair, newest_first=newest_first, sign=sign, apart=apart) for pair in pairs)
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
