"""The choices of one table, made one after the other: each may rest on those before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from providers.formats.csv.cells.dates import usual_forms
from providers.formats.csv.choosing.accounts import is_own
from providers.formats.csv.choosing.checks import MONEY, known_states
from providers.formats.csv.choosing.content import Cells
from providers.formats.csv.choosing.context import WHOLE, Context
from providers.formats.csv.choosing.known import known_layout
from providers.formats.csv.choosing.proof import Proof
from providers.formats.csv.choosing.roles import roles_of
from providers.formats.csv.choosing.sums import signs_and_fees
from providers.formats.csv.choosing.values import currency_of, date_order, decimal_marks
from providers.formats.csv.shape import Shape
from providers.formats.csv.table import Facts, read_facts
from providers.formats.csv.understanding import Column, Layout, Understanding
from providers.formats.csv.words.headings import Role
from providers.formats.csv.words.plain import plain
from providers.formats.csv.words.said import CREDIT, DEBIT, word_in
from providers.formats.errors import StatementDamagedError
from providers.records import AccountType

_MOST = 0.5
_CENTS = re.compile("[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Choices:
    """The understanding of a table, and what reading a row takes beside it.

    `marks` are the decimal marks by column. `only_side` is the side that a column of directions marks, if it leaves
    the other one empty. `mixed` are the columns of money in or out in which only some amounts are negative. `forms`
    are the ways in which days are written. `states` is True if we know the words for most states of rows;
    `named` is the number of headings.
    """

    understanding: Understanding
    marks: Mapping[int, str]
    facts: Facts
    proof: Proof | None
    only_side: str = ""
    mixed: frozenset[int] = frozenset()
    forms: frozenset[str] = frozenset()
    states: bool = False
    named: int = 0


def choose(shape: Shape, layout: Layout, *, by_person: bool) -> Choices:
    """The choices: those of a person before those of a known layout, and these before what the cells say."""
    context = _begun(shape, layout, by_person=by_person)
    _ask_for_columns(context)
    _refuse_torn_amounts(context)
    context.marks = decimal_marks(context)
    mark = context.marks.get(WHOLE, "")
    facts = read_facts(shape.table.above, mark or ".")
    _leave_accounts_of_others(context, facts)
    order, currency = date_order(context, facts), currency_of(context, facts)
    context.understood = replace(context.understood, date_order=order, decimal_mark=mark, currency=currency)
    proof = signs_and_fees(context)
    kind = cast("AccountType", context.layout.get("account_type") or _account_type(context, facts))
    understood = replace(context.understood, account_type=kind, questions=tuple(context.questions))
    return Choices(
        understood,
        context.marks,
        facts,
        proof,
        _only_side(context),
        _mixed(context),
        usual_forms(context.days("date")),
        _knows_states(context),
        len(shape.table.headings),
    )


def _begun(shape: Shape, layout: Layout, *, by_person: bool) -> Context:
    table, columns = shape.table, shape.columns
    roles = cast("list[Role]", layout.get("roles", []))
    if len(roles) != len(columns):
        roles = roles_of(table.headings, columns)
        _keep_repeated_references(roles, columns)
    headings = [*table.headings, *[""] * (len(columns) - len(table.headings))]
    known = known_layout(table.headings)
    understood = Understanding(
        fingerprint=shape.fingerprint,
        encoding=shape.encoding,
        delimiter=shape.delimiter,
        header_line=table.header_line,
        columns=tuple(Column(heading=each, role=role) for each, role in zip(headings, roles, strict=True)),
        known_as=known.name if known else "",
        by_person=by_person,
    )
    return Context(table, understood, layout, known, columns)


def _keep_repeated_references(roles: list[Role], columns: Sequence[Cells]) -> None:
    """Of the references in a table of coins, those that several rows share: they join the legs of a trade."""
    places = [at for at, role in enumerate(roles) if role == "reference"]
    shared = [at for at in places if len(set(columns[at].filled)) < len(columns[at].filled)]
    if "asset" in roles and "quantity" not in roles and shared:
        for at in places:
            roles[at] = "reference" if at in shared else "ignore"


def _refuse_torn_amounts(context: Context) -> None:
    """Refuse a table whose delimiter is the decimal mark too: each amount is torn into two cells."""
    columns = context.columns if context.understood.delimiter == "," else ()
    for at, cells in enumerate(columns[:-1]):
        rest = columns[at + 1]
        numbers = context.understood.columns[at].role in MONEY and cells.numbers
        whole = numbers and all(len(number.marks) != 1 for number in cells.numbers)
        if (
            whole
            and not context.understood.columns[at + 1].heading
            and rest.match(_CENTS)
            and len(rest.filled) > 1
        ):
            message = (
                "Commas separate its cells and are in its amounts too, so that none of these is certain. "
            )
            raise StatementDamagedError(f"{message}Download it with semicolons between the cells.")


def _leave_accounts_of_others(context: Context, facts: Facts) -> None:
    columns = list(context.understood.columns)
    for at in context.where("account") if not context.layout.get("roles") else ():
        if not is_own(facts.account, context.columns[at]):
            columns[at] = replace(columns[at], role="ignore")
    context.understood = replace(context.understood, columns=tuple(columns))


def _ask_for_columns(context: Context) -> None:
    if "date" not in context.roles:
        context.ask("columns", "No column was recognised as the date of the rows. Say which one it is.")
    if not context.roles & {"amount", "debit", "credit"}:
        context.ask("columns", "No column was recognised as the amount of the rows. Say which one it is.")


def _account_type(context: Context, facts: Facts) -> AccountType:
    if context.known and context.known.account_type:
        return context.known.account_type
    if {"quantity", "price"} <= context.roles or context.roles & {"isin", "symbol"}:
        return "investment"
    words = {word for column in context.understood.columns for word in plain(column.heading).split()}
    if words & {"card", "cardholder", "kartennummer", "karteninhaber"}:
        return "credit"
    if context.understood.sign == "reversed" or _always_owed(context):
        return "other"  # a card, a loan, or a list of what was spent from a bank account
    return (
        "depository" if "balance" in context.roles or context.where("account") or facts.account else "other"
    )


def _always_owed(context: Context) -> bool:
    """True if the table has balances, and none of them is above zero."""
    told = [
        number
        for at in context.where("balance")
        for number in context.numbers(at)
        if number.digits.strip("0.,")
    ]
    return bool(told) and all(number.negative for number in told)


def _mixed(context: Context) -> frozenset[int]:
    found = set()
    for at in (*context.where("debit"), *context.where("credit")):
        signs = {bool(number.negative) for number in context.numbers(at) if number.digits.strip("0.,")}
        found |= {at} if len(signs) == 2 else set()
    return frozenset(found)


def _knows_states(context: Context) -> bool:
    at = context.only("state")
    return at is not None and context.columns[at].share(known_states(context.columns[at])) >= _MOST


def _only_side(context: Context) -> str:
    for at in context.where("direction"):
        words = [cell for cell in context.different(at) if cell.strip()]
        if words and all(word_in(cell, CREDIT) for cell in words):
            return "credit"
        if words and all(word_in(cell, DEBIT) for cell in words):
            return "debit"
    return ""
