"""How the days and numbers of a table are read: order of day and month, decimal mark, currency."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast

from providers.formats.csv.cells.dates import Order, Written, possible_orders
from providers.formats.csv.cells.numbers import doubtful, is_currency, marks_of, read_number
from providers.formats.csv.choosing.checks import NUMERIC
from providers.formats.csv.choosing.context import WHOLE, Context
from providers.formats.csv.table import Facts
from providers.formats.csv.words.plain import plain, without_parentheses

# Headings of languages in which the day always comes first; two of them make it certain.
_DAY_FIRST = frozenset(
    {
        *("datum", "buchung", "buchungstag", "buchungsdatum", "wertstellung", "betrag", "verwendungszweck"),
        *("omschrijving", "bedrag", "naam", "rekening", "libelle", "montant", "solde", "operation", "fecha"),
        *(
            "importe",
            "concepto",
            "data",
            "importo",
            "causale",
            "descrizione",
            "descricao",
            "historico",
            "kwota",
        ),
        *("opis", "belob", "belop", "dato", "tekst", "castka", "popis", "osszeg", "saldo", "valuta", "valor"),
    }
)

_EUROS = frozenset({"euro", "euros", "euroa"})
_HAN = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]")


def date_order(context: Context, facts: Facts) -> str:
    """The order of day and month: what fits all days, else what a bank or the file's language says; or a question."""
    if given := context.layout.get("date_order"):
        return given
    written = context.days("date")
    numeric = [day for day in written if "" not in day.orders]
    if not numeric:
        return ""
    left = possible_orders(written)
    for evidence in (context.days("other_date"), facts.days):
        left = _narrowed(left, evidence)
    if len(left) == 2:
        left = _by_custom(context, numeric) or left
    if len(left) == 1:
        return next(iter(left))
    if left and all(day.day("dmy") == day.day("mdy") for day in numeric):
        return "dmy"  # 01/01 and the like: one day, whichever comes first
    text = "Day and month cannot be told apart: no day is after the 12th. Say which comes first."
    if not left:
        text = "Some days are only possible with the day first, others only with the month first."
    context.ask("date_order", text)
    return ""


def _narrowed(left: set[Order], evidence: Iterable[Written]) -> set[Order]:
    """The orders that are left when other days of the same file are looked at."""
    other = [day for day in evidence if "" not in day.orders]
    return (left & possible_orders(other) or left) if len(left) == 2 and other else left


def _by_custom(context: Context, numeric: Iterable[Written]) -> set[Order]:
    """The order that a bank's layout, dots between the numbers or the language of the headings make certain."""
    if context.known and context.known.date_order:
        return {cast("Order", context.known.date_order)}
    words = {word for column in context.understood.columns for word in plain(column.heading).split()}
    dotted = all(day.dotted for day in numeric)
    return {"dmy"} if dotted or len(words & _DAY_FIRST) >= 2 else set()


def decimal_marks(context: Context) -> dict[int, str]:
    """The decimal mark of each column of numbers, and of the table as a whole; or a question."""
    columns = context.understood.columns
    numbers = {at: context.numbers(at) for at, column in enumerate(columns) if column.role in NUMERIC}
    sure = {at: marks_of(found) for at, found in numbers.items()}
    given = context.layout.get("decimal_mark", "")
    money = {mark for at, found in sure.items() if columns[at].role != "quantity" for mark in found}
    whole = given or (next(iter(money)) if len(money) == 1 else "")
    if not money and any(_HAN.search(column.heading) for column in columns):
        whole = given = "."  # East Asia writes no decimal comma
    marks = {
        at: given or (next(iter(found)) if len(found) == 1 else "" if found else whole)
        for at, found in sure.items()
    }
    if any(not marks[at] and not sure[at] and doubtful(found) for at, found in numbers.items()):
        text = "Amounts such as 1.234 can be a thousand or one and a fraction. Say which mark is the decimal one."
        context.ask("decimal_mark", text)
    return marks | ({WHOLE: whole} if whole else {})


def currency_of(context: Context, facts: Facts) -> str:
    """The currency of rows that name none of their own; empty if the file does not say it."""
    if given := context.layout.get("currency"):
        return given
    money = [
        *context.where("amount"),
        *context.where("debit"),
        *context.where("credit"),
        *context.where("balance"),
    ]
    headings = {_in_heading(context.understood.columns[at].heading) for at in money}
    cells = {
        number.currency
        for at in money
        for number in context.columns[at].numbers
        if is_currency(number.currency)
    }
    for found in (headings - {""}, cells, {facts.currency} - {""}):
        if len(found) == 1:
            return next(iter(found))
    return context.known.currency if context.known else ""


def _in_heading(heading: str) -> str:
    """The currency that a heading names: “Amount (GBP)”, “Betrag EUR”, “Betrag (€)”."""
    for text in (without_parentheses(heading)[1].strip(), plain(heading), *heading.split()[1:]):
        if plain(text) in _EUROS:
            return "EUR"
        number = read_number(f"{text} 1") if text else None
        if number is not None and is_currency(number.currency):
            return number.currency
    return ""
