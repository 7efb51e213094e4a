"""Signs of a table: whether a positive amount is money in or money out, by what is written in and beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from providers.formats.csv.understanding import SignRule
from providers.formats.csv.words.kinds import kind_of
from providers.formats.csv.words.plain import plain
from providers.formats.csv.words.said import CREDIT, DEBIT, word_in
from providers.records import Kind

OUT = frozenset(
    {Kind.BUY, Kind.FEE, Kind.TAX, Kind.CASH_OUT, Kind.ATM, Kind.CHECK, Kind.PURCHASE, Kind.DEBIT}
)
IN = frozenset({Kind.SELL, Kind.DIVIDEND, Kind.INTEREST, Kind.DEPOSIT, Kind.CREDIT, Kind.CAPITAL_GAIN})
_TOLD = IN | OUT
# A card's bill being paid: money into the account of the card, whatever sign it has.
_PAID_TEXT = """
    payment thank you, thank you for your payment, autopay, payment received, automatic payment, direct debit payment,
    payment by direct debit, online payment, zahlung erhalten, zahlungseingang, ausgleich kreditkarte, einzahlung,
    paiement recu, versement recu, betaling ontvangen, pagamento recebido, pagamento de fatura, pagamento em, pago
    recibido, su pago, pagamento ricevuto, inbetalning, innbetaling, indbetaling, splata karty
"""
_PAID = tuple(" ".join(phrase.split()) for phrase in _PAID_TEXT.split(","))
_MANY, _LOOKED_AT = 8, 500


@dataclass(slots=True)
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
    """The rule, and the reason why a person has to say it, if there is one; a `weak` one goes with a balance."""

    rule: SignRule
    doubt: str = ""
    weak: bool = False


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
    return _by_kind(moved) or _as_written(moved, negative)


def _by_kind(moved: Sequence[Sample]) -> Verdict | None:
    """The rule by what kinds the rows are: where purchases are positive, or no amount has a sign at all."""
    said = {sample.kind for sample in moved if sample.amount > 0}
    bought = any(kind_of(words) is Kind.BUY for words in said)
    unsigned = not any(sample.signed for sample in moved)
    if bought or (unsigned and all(kind_of(sample.kind) in _TOLD for sample in moved)):
        return Verdict("action")
    return None


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
    if not negative and not all(sample.signed for sample in moved):
        text = "No amount has a sign, and no other column says which is money in and which is money out."
        return Verdict("as_written", text)
    if len(negative) * 2 <= len(moved) and _paid(negative) and not _paid(s for s in moved if s.amount > 0):
        text = "Payments of the bill are negative here, so a positive amount may be money spent."
        return Verdict("reversed", text)
    return _turned_round(moved, negative) if negative else Verdict("as_written")


def _paid(samples: Iterable[Sample]) -> bool:
    """True if one of them is the payment of a bill."""
    said = {plain(sample.text) for sample in samples}
    return any(phrase in words for words in said for phrase in _PAID)


def _turned_round(moved: Sequence[Sample], negative: Sequence[Sample]) -> Verdict:
    """A doubt where this may be a card's table that counts what is spent as positive.

    Words of the rows, such as of a fee or of wages, say in which direction money went. Without any, it is likely if
    nearly all amounts are positive.
    """
    step = len(moved) // _LOOKED_AT + 1
    told = [(sample.amount > 0, kind_of(sample.text)) for sample in moved[::step]]
    fitting = sum(kind in (IN if into else OUT) for into, kind in told)
    against = sum(kind in (OUT if into else IN) for into, kind in told)
    nearly_all = len(moved) >= _MANY and len(negative) * 6 <= len(moved)
    if against > fitting and len(negative) * 2 < len(moved):
        text = "Money was spent in rows with a positive amount. Say if a positive amount is money in or money out."
        return Verdict("as_written", text)
    if nearly_all and not fitting:
        text = "Nearly all amounts are positive. Say if a positive amount is money in or money out."
        return Verdict("as_written", text, weak=True)
    return Verdict("as_written")
