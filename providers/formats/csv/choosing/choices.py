"""The choices of one table, made one after the other: each may rest on those before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import cast

from providers.formats.csv.choosing.content import Cells
from providers.formats.csv.choosing.context import WHOLE, Context
from providers.formats.csv.choosing.known import known_layout
from providers.formats.csv.choosing.proof import Proof
from providers.formats.csv.choosing.roles import roles_of
from providers.formats.csv.choosing.sums import signs_and_fees
from providers.formats.csv.choosing.values import currency_of, date_order, decimal_marks
from providers.formats.csv.table import Facts, Table, read_facts
from providers.formats.csv.understanding import Column, Layout, Understanding
from providers.formats.csv.words.headings import Role
from providers.formats.csv.words.plain import plain
from providers.formats.csv.words.said import CREDIT, DEBIT, word_in
from providers.records import AccountType

ANY = "*"  # the layout for a table of whatever shape
_LOOKED_AT = 400


@dataclass(frozen=True, slots=True)
class Choices:
    """What was understood, and what reading a row takes beside it.

    `marks` are the decimal marks by column. `only_side` is the side that a column of directions marks, if it leaves
    the other one empty. `mixed` are the columns of money in or out in which only some amounts are negative.
    """

    understanding: Understanding
    marks: Mapping[int, str]
    facts: Facts
    proof: Proof | None
    only_side: str = ""
    mixed: frozenset[int] = frozenset()


def choose(table: Table, encoding: str, delimiter: str, layouts: Mapping[str, Layout]) -> Choices:
    """The choices: those of a person before those of a known layout, and these before what the cells say."""
    context = _begun(table, encoding, delimiter, layouts)
    _ask_for_columns(context)
    context.marks = decimal_marks(context)
    mark = context.marks.get(WHOLE, "")
    facts = read_facts(table.above, mark or ".")
    order, currency = date_order(context, facts), currency_of(context, facts)
    context.understood = replace(context.understood, date_order=order, decimal_mark=mark, currency=currency)
    proof = signs_and_fees(context)
    kind = cast("AccountType", context.layout.get("account_type") or _account_type(context, facts))
    understood = replace(context.understood, account_type=kind, questions=tuple(context.questions))
    return Choices(understood, context.marks, facts, proof, _only_side(context), _mixed(context))


def fingerprint(table: Table, columns: Sequence[Cells], delimiter: str) -> str:
    """A digest of the table's shape: its headings, or what its columns hold; never of a row's content."""
    if table.headings:
        shape = [plain(heading) for heading in table.headings]
    else:
        shape = ["day" if cells.dated else "number" if cells.numeric else "text" for cells in columns]
    return sha256(json.dumps([delimiter, bool(table.headings), shape]).encode()).hexdigest()[:32]


def _begun(table: Table, encoding: str, delimiter: str, layouts: Mapping[str, Layout]) -> Context:
    width = table.width
    step = max(len(table.rows) // _LOOKED_AT, 1)
    sample = [row.cells for row in (*table.rows[:_LOOKED_AT], *table.rows[_LOOKED_AT::step])]
    usual = [cells for cells in sample if len(cells) * 2 > width]
    columns = [Cells([cells[at] if at < len(cells) else "" for cells in usual]) for at in range(width)]
    mark = fingerprint(table, columns, delimiter)
    layout = Layout(**(layouts.get(mark, Layout()) | layouts.get(ANY, Layout())))
    roles = cast("list[Role]", layout.get("roles", []))
    if len(roles) != width:
        roles = roles_of(table.headings, columns)
        _keep_repeated_references(roles, columns)
    headings = [*table.headings, *[""] * (width - len(table.headings))]
    known = known_layout(table.headings)
    understood = Understanding(
        fingerprint=mark,
        encoding=encoding,
        delimiter=delimiter,
        header_line=table.header_line,
        columns=tuple(Column(heading=each, role=role) for each, role in zip(headings, roles, strict=True)),
        known_as=known.name if known else "",
        by_person=mark in layouts or bool(layouts.get(ANY, {}).get("roles")),
    )
    return Context(table, understood, layout, known, columns)


def _keep_repeated_references(roles: list[Role], columns: Sequence[Cells]) -> None:
    """Of the references in a table of coins, those that several rows share: they join the legs of a trade."""
    places = [at for at, role in enumerate(roles) if role == "reference"]
    shared = [at for at in places if len(set(columns[at].filled)) < len(columns[at].filled)]
    if "asset" in roles and "quantity" not in roles and shared:
        for at in places:
            roles[at] = "reference" if at in shared else "ignore"


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
    if context.understood.sign == "reversed" or words & {
        "card",
        "cardholder",
        "kartennummer",
        "karteninhaber",
    }:
        return "credit"
    return (
        "depository" if "balance" in context.roles or context.where("account") or facts.account else "other"
    )


def _mixed(context: Context) -> frozenset[int]:
    found = set()
    for at in (*context.where("debit"), *context.where("credit")):
        signs = {bool(number.negative) for number in context.numbers(at) if number.digits.strip("0.,")}
        found |= {at} if len(signs) == 2 else set()
    return frozenset(found)


def _only_side(context: Context) -> str:
    for at in context.where("direction"):
        words = [cell for cell in context.different(at) if cell.strip()]
        if words and all(word_in(cell, CREDIT) for cell in words):
            return "credit"
        if words and all(word_in(cell, DEBIT) for cell in words):
            return "debit"
    return ""
