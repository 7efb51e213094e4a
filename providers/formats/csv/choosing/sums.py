"""How the amounts of a table add up: the rule of signs, fees, and the proof by its running balance."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import cast

from providers.formats.csv.cells.dates import Order, read_date
from providers.formats.csv.cells.numbers import is_nothing, read_number
from providers.formats.csv.choosing.context import Context
from providers.formats.csv.choosing.proof import Proof, Step, prove
from providers.formats.csv.choosing.roles import role_of_heading, side_of
from providers.formats.csv.choosing.signs import Sample, Verdict, sign_rule
from providers.formats.csv.understanding import FeeRule, SignRule
from providers.formats.csv.words.said import DEBIT, no_movement, word_in

_STEPS = 3_000
_CERTAIN = 3  # steps of a balance that turn signs round


def signs_and_fees(context: Context) -> Proof | None:
    """Settle signs, fees and the order of rows in `context.understood`; returns the proof, if there is one."""
    proof = _proof(context)
    verdict = _doubted(context, _written(context), proof)
    if context.known and context.known.sign and verdict.rule != "columns":
        verdict = Verdict(cast("SignRule", context.known.sign))
    given = context.layout.get("sign")
    if given and verdict.rule != "columns":
        verdict = Verdict(cast("SignRule", given))
    if verdict.doubt and not (verdict.rule == "columns" and context.understood.by_person):
        context.ask("columns" if verdict.rule == "columns" else "sign", verdict.doubt)
    context.understood = replace(
        context.understood,
        sign=verdict.rule,
        fee=_fee_rule(context, proof),
        newest_first=proof.newest_first if proof else newest_first(context),
        proof=f"{proof.steps:,}" if proof and proof.sign == 1 else "",
    )
    return proof


def _doubted(context: Context, verdict: Verdict, proof: Proof | None) -> Verdict:
    """The verdict with what the balance says against it.

    A balance that goes down by a positive amount is one of money owed, or the signs are the other way round.
    """
    against = proof is not None and proof.sign == -1
    if verdict.rule == "columns":
        pair = (*context.where("debit"), *context.where("credit"))
        headings = [context.understood.columns[at].heading for at in pair]
        named = any(role_of_heading(each) in {"debit", "credit"} or side_of(each) for each in headings)
        if not named and (proof is None or proof.sign != 1):
            return Verdict(
                "columns", "Two columns take turns. Say which one is money in and which one is money out."
            )
        return verdict
    if verdict.weak and proof is not None and proof.sign == 1:
        return Verdict(verdict.rule)
    if verdict.rule == "as_written" and against and not verdict.doubt:
        text = "The balance falls where the amount is positive. Say if a positive amount is money in or money out."
        return Verdict("as_written", text)
    return verdict


def newest_first(context: Context) -> bool | None:
    """True if days mostly fall from row to row, False if they mostly rise; None if it cannot be told."""
    at, order = context.only("date"), cast("Order", context.understood.date_order)
    if at is None:
        return None
    told = {cell: each.day(order) for cell in context.different(at) if (each := read_date(cell))}
    written = (row.cells[at] for row in context.table.rows if at < len(row.cells))
    days = [day for cell in written if (day := told.get(cell))]
    falls = sum(map(operator.gt, days, days[1:]))
    rises = sum(map(operator.lt, days, days[1:]))
    return None if falls == rises else falls > rises


def _proof(context: Context) -> Proof | None:
    """The proof by the running balance, unless the days say something else."""
    proof = prove(_steps(context))
    if proof is None:
        return None
    by_days = newest_first(context)
    if by_days is not None and by_days != proof.newest_first:
        return None
    return None if proof.sign == -1 and proof.steps < _CERTAIN else proof


def _written(context: Context) -> Verdict:
    """The rule of signs by what is written in and beside the amounts."""
    if {"debit", "credit"} <= context.roles:
        return Verdict("columns")
    if "debit" in context.roles:
        return Verdict("reversed")
    ledger = "asset" in context.roles and "quantity" not in context.roles
    if ledger and any(number.negative for at in context.where("amount") for number in context.numbers(at)):
        return Verdict("as_written")
    return sign_rule(list(_samples(context)), has_direction="direction" in context.roles)


def _fee_rule(context: Context, proof: Proof | None) -> FeeRule:
    """The rule of fees: amounts have them in them, or they come on top; or a question."""
    if given := context.layout.get("fee") or (context.known.fee if context.known else ""):
        return cast("FeeRule", given)
    at = context.only("fee")
    if at is None or not any(number.digits.strip("0.,") for number in context.numbers(at)):
        return "included"
    amount = context.only("amount")
    if amount is not None and role_of_heading(context.understood.columns[amount].heading) == "net":
        return "included"
    if proof is not None and proof.sign:
        return "apart" if proof.fees_apart else "included"
    if not context.roles & {"quantity", "isin", "symbol"}:
        context.ask(
            "fee", "There is a column of fees. Say if the amount has them in it, or if they come on top."
        )
    return "included"


def _samples(context: Context) -> Iterable[Sample]:
    at, direction = context.only("amount"), context.only("direction")
    at = context.only("credit") if at is None else at
    kinds, texts = context.where("kind"), context.where("description") + context.where("payee")
    mark = context.marks.get(at or 0, "")
    for row in context.table.rows if at is not None else ():
        number = read_number(_cell(row.cells, at))
        value = number.value(mark) if number else None
        if number is None or value is None:
            continue
        text = _joined(row.cells, texts)
        if no_movement(text):
            continue
        action, beside = _joined(row.cells, kinds) if kinds else "", _cell(row.cells, direction)
        yield Sample(value, number.negative is not None, number.word, beside, action or text[:80], text)


def _steps(context: Context) -> Sequence[Step]:
    """Amounts, fees and balances of the longest run of one account and currency."""
    balance, fee = context.only("balance"), context.only("fee")
    if balance is None:
        return ()
    group = context.where("account") + context.where("currency") + context.where("account_name")
    runs: dict[tuple[str, ...], list[Step]] = {}
    for row in context.table.rows[:_STEPS]:
        amount, after = _amount(context, row.cells), _balance(context, row.cells, balance)
        if amount is None or after is None:
            continue
        key = tuple(_cell(row.cells, each) for each in group)
        runs.setdefault(key, []).append(
            Step(row.line, amount, context.value(row.cells, fee) or Decimal(0), after)
        )
    return max(runs.values(), key=len, default=[])


def _amount(context: Context, cells: Sequence[str]) -> Decimal | None:
    """The amount as it is written; of a pair of columns the difference. An empty cell is zero here."""
    debit, credit = context.only("debit"), context.only("credit")
    if debit is not None and credit is not None:
        out, into = _or_zero(context, cells, debit), _or_zero(context, cells, credit)
        return None if out is None or into is None else abs(into) - abs(out)
    single = next((at for at in (context.only("amount"), debit, credit) if at is not None), None)
    amount = _or_zero(context, cells, single)
    at = context.only("direction")
    said_out = at is not None and word_in(_cell(cells, at), DEBIT)
    return -amount if amount is not None and amount > 0 and said_out else amount


def _balance(context: Context, cells: Sequence[str], at: int) -> Decimal | None:
    value, number = context.value(cells, at), read_number(_cell(cells, at))
    return -abs(value) if value is not None and number is not None and number.word == "DR" else value


def _or_zero(context: Context, cells: Sequence[str], at: int | None) -> Decimal | None:
    return Decimal(0) if at is not None and is_nothing(_cell(cells, at)) else context.value(cells, at)


def _cell(cells: Sequence[str], at: int | None) -> str:
    return cells[at] if at is not None and at < len(cells) else ""


def _joined(cells: Sequence[str], places: Iterable[int]) -> str:
    return " ".join([text for at in places if (text := _cell(cells, at))])
