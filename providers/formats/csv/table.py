"""The tables of a file: where each begins, what it is headed by, and the facts that are written above it."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from providers.formats.csv.cells.dates import Written, looks_like_date, read_date
from providers.formats.csv.cells.numbers import is_currency, looks_like_number, read_number
from providers.formats.csv.cells.records import Record
from providers.formats.csv.choosing.roles import role_of_heading
from providers.formats.csv.words.plain import plain


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in text.split(","))


_DIGIT = re.compile(r"\d")
_HEADER_ROLES = {"date", "other_date", "amount", "net", "debit", "credit", "balance", "description", "payee"}
_IBAN = re.compile(r"\b([A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)\b")
_NUMBER = re.compile(r"[0-9][0-9 .-]{5,30}[0-9A-Z]")
_DAY = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{2,4}")
_ACCOUNT = _phrases(
    """
    account number, account no, account, iban, konto, kontonummer, kontonr, compte, numero de compte, rekening,
    rekeningnummer, cuenta, numero de cuenta, conto, numero conto, numer rachunku, cislo uctu
    """
)
_CLOSING = _phrases(
    """
    closing balance, ending balance, current balance, account balance, balance, kontostand, saldo, endsaldo, neuer
    saldo, neuer kontostand, closingbalance, solde, solde final, saldo final, saldo finale, saldo koncowe
    """
)
_CURRENCY = _phrases(
    "currency, wahrung, waehrung, kontowahrung, devise, divisa, moneda, valuta, waluta, munt, mena"
)


@dataclass(slots=True)
class Table:
    """Rows below one header (or none), and the records above it."""

    headings: list[str]
    header_line: int | None
    above: list[Record] = field(default_factory=list)
    rows: list[Record] = field(default_factory=list)

    @property
    def width(self) -> int:
        """The number of columns: as many as the header has, or as most rows have."""
        common = Counter(len(row.cells) for row in self.rows[:2000]).most_common(1)
        return max(len(self.headings), common[0][0] if common else 0)


def find_tables(records: Sequence[Record], *, header: bool | None = None) -> list[Table]:
    """The tables with rows in them. `header` is what a person said of the first line."""
    if header is False:
        first = next((at for at, record in enumerate(records) if is_row(record.cells)), 0)
        return [Table([], None, list(records[:first]), list(records[first:]))]
    tables: list[Table] = []
    waiting: list[Record] = []
    index = told = 0
    while index < len(records):
        record = records[index]
        told = _telling(record.cells, told)
        if told < 0 and _heads(record.cells):
            headings, taken = _with_second_line(records, index)
            tables.append(Table(headings, record.line, above=waiting))
            waiting, index = [], index + taken
            continue
        if not tables and is_row(record.cells):
            tables.append(Table([], None, above=waiting))
            waiting = []
        (tables[-1].rows if tables else waiting).append(record)
        index += 1
    return [table for table in tables if any(is_row(row.cells) for row in table.rows)] or tables[:1]


def is_row(cells: Sequence[str]) -> bool:
    """True for cells of which one is a day and another one a number."""
    days = [looks_like_date(cell) for cell in cells]
    return any(days) and any(
        not day and looks_like_number(cell) for day, cell in zip(days, cells, strict=True)
    )


def _telling(cells: Sequence[str], before: int) -> int:
    """The place of a cell with a day or a number, which headings have none of; below zero if there is none.

    Of most rows that is the place where the row `before` had one.
    """
    if 0 <= before < len(cells) and _tells(cells[before]):
        return before
    return next((at for at, cell in enumerate(cells) if _tells(cell)), -1)


def _tells(cell: str) -> bool:
    return (
        len(cell) <= 40
        and _DIGIT.search(cell) is not None
        and (looks_like_number(cell) or looks_like_date(cell))
    )


def _heads(cells: Sequence[str]) -> bool:
    """True for the headings of a table: several words that we know."""
    if len(cells) < 2:
        return False
    filled = [cell for cell in cells if cell.strip()]
    if len(filled) < 2 or sum(map(len, filled)) > 60 * len(filled):
        return False
    roles = [role_of_heading(cell) for cell in filled]
    known = [role for role in roles if role is not None]
    telling = {role for role in known if role in _HEADER_ROLES}
    return len(telling) >= 3 or (len(telling) == 2 and len(known) * 2 >= len(filled))


def _with_second_line(records: Sequence[Record], index: int) -> tuple[list[str], int]:
    """The headings, joined with those of a second line that completes them; and how many lines that is."""
    first = records[index].cells
    headings = [cell.strip() for cell in first]
    if index + 1 >= len(records):
        return headings, 1
    second = records[index + 1].cells
    filled = [cell for cell in second if cell.strip()]
    if len(second) != len(first) or len(filled) < 2 or any(map(_DIGIT.search, second)) or _heads(second):
        return headings, 1
    if sum(role_of_heading(cell) is not None or len(plain(cell)) == 3 for cell in filled) * 2 < len(filled):
        return headings, 1
    return [f"{one} {two.strip()}".strip() for one, two in zip(headings, second, strict=True)], 2


@dataclass(slots=True)
class Facts:
    """The facts in the lines above the table; `days` are all the days in them."""

    account: str = ""
    currency: str = ""
    closing: Decimal | None = None
    closing_day: dt.date | None = None
    days: tuple[Written, ...] = ()


def read_facts(above: Iterable[Record], mark: str) -> Facts:
    """The facts, each from the first line that states it. `mark` is the decimal mark of the table."""
    facts = Facts()
    days: list[Written] = []
    for record in above:
        cells = [cell.strip() for cell in record.cells if cell.strip()]
        text = " ".join(cells)[:2000]
        days += [day for found in _DAY.findall(text) if (day := read_date(found))]
        if len(cells) == 1 and ":" in cells[0]:
            cells = [part.strip() for part in cells[0].split(":", 1)]
        if not cells:
            continue
        _read_line(facts, cells, text, mark)
    facts.days = tuple(days)
    return facts


def _read_line(facts: Facts, cells: Sequence[str], text: str, mark: str) -> None:
    label, values = plain(cells[0]), cells[1:]
    if not facts.account:
        facts.account = _account(label, values, text)
    if not facts.currency and values and label in _CURRENCY and is_currency(values[0].upper()):
        facts.currency = values[0].upper()
    if (
        facts.closing is None
        and values
        and any(label == word or label.startswith(f"{word} ") for word in _CLOSING)
    ):
        number = read_number(values[0])
        value = number.value(mark) if number else None
        if number is not None and value is not None:
            facts.closing = value
            found = [day for each in _DAY.findall(text) if (day := read_date(each))]
            facts.closing_day = (
                found[0].day("dmy") if found and not set(found[0].orders) - {"", "dmy"} else None
            )
            if not facts.currency and is_currency(number.currency):
                facts.currency = number.currency


def _account(label: str, values: Sequence[str], text: str) -> str:
    if match := _IBAN.search(text):
        iban = match.group(1).replace(" ", "")
        if is_iban(iban):
            return iban
    if values and label in _ACCOUNT:
        number = values[0].split("/")[0].strip()
        if _NUMBER.fullmatch(number):
            return number
    return ""


def is_iban(text: str) -> bool:
    """True if the check digits are right (ISO 13616)."""
    if not 15 <= len(text) <= 34 or not text[:2].isalpha() or not text.isascii() or not text.isalnum():
        return False
    turned = text[4:] + text[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1
