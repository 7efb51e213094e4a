"""The choices of one table: roles, order of days, decimal marks, currency, signs and fees, each with its reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from typing import Any, cast

from providers.formats.csv.dates import Order, possible_orders, read_date
from providers.formats.csv.known import Known, known_layout
from providers.formats.csv.numbers import Number, doubtful, is_currency, is_nothing, marks_of, read_number
from providers.formats.csv.records import DELIMITERS
from providers.formats.csv.roles import NUMERIC, Cells, role_of_heading, roles_of
from providers.formats.csv.signs import Proof, Sample, Step, prove, sign_rule
from providers.formats.csv.table import Facts, Table, read_facts
from providers.formats.csv.understanding import Column, Layout, Question, Understanding
from providers.formats.csv.words import CREDIT, DEBIT, Role, no_movement, plain, without_parentheses, word_in
from providers.records import AccountType

_LOOKED_AT = 400
_STEPS = 3_000
_CERTAIN = 3  # steps of a balance that turn signs round
_DAY_FIRST_WORDS = frozenset(
    "datum buchung buchungstag buchungsdatum valuta wertstellung betrag verwendungszweck omschrijving bedrag libelle montant solde fecha "
    "importe concepto data importo causale descrizione descricao historico kwota opis belob belop dato tekst castka popis osszeg".split()
)


@dataclass(frozen=True, slots=True)
class Choices:
    """What was understood, and what reading a row takes beside it: decimal marks by column, facts, the proof."""

    understanding: Understanding
    marks: Mapping[int, str]
    facts: Facts
    proof: Proof | None
    only_side: str = ""  # a column of directions that marks one side only, and leaves the other one empty


def choose(table: Table, encoding: str, delimiter: str, layouts: Mapping[str, Layout]) -> Choices:
    """The choices, those of a person before those of a known layout, and these before what the cells say."""
    width = table.width
    step = max(len(table.rows) // _LOOKED_AT, 1)
    sample = [row.cells for row in table.rows[:_LOOKED_AT]] + [row.cells for row in table.rows[_LOOKED_AT::step]]
    usual = [cells for cells in sample if len(cells) * 2 > width]
    columns = [Cells([cells[index] if index < len(cells) else "" for cells in usual]) for index in range(width)]
    mark = fingerprint(table, columns, delimiter)
    layout = layouts.get(mark, layouts.get("*", Layout()))
    roles = cast("list[Role]", layout.get("roles", []))
    if len(roles) != width:
        roles = roles_of(table.headings, columns)
        _keep_repeated_references(roles, columns)
    known = known_layout(table.headings)
    headings = [table.headings[index] if index < len(table.headings) else "" for index in range(width)]
    understood = Understanding(
        fingerprint=mark,
        encoding=encoding,
        delimiter=delimiter,
        header_line=table.header_line,
        columns=tuple(Column(heading=heading, role=role) for heading, role in zip(headings, roles, strict=True)),
        known_as=known.name if known else "",
        by_person=mark in layouts,
    )
    return _Chooser(table, understood, layout, known, columns).choices()


def fingerprint(table: Table, columns: Sequence[Cells], delimiter: str) -> str:
    """A digest of the table's shape: its headings, or what its columns hold; never of a row's content."""
    if table.headings:
        shape = [plain(heading) for heading in table.headings]
    else:
        shape = ["day" if cells.dated else "number" if cells.numeric else "text" for cells in columns]
    return sha256(json.dumps([delimiter, bool(table.headings), shape]).encode()).hexdigest()[:32]


def _keep_repeated_references(roles: list[Role], columns: Sequence[Cells]) -> None:
    """Of the references in a table of coins, those that several rows share: they join the legs of a trade."""
    places = [index for index, role in enumerate(roles) if role == "reference"]
    shared = [index for index in places if len(set(columns[index].filled)) < len(columns[index].filled)]
    if "asset" in roles and "quantity" not in roles and shared:
        for index in places:
            roles[index] = "reference" if index in shared else "ignore"


class _Chooser:
    def __init__(
        self, table: Table, understood: Understanding, layout: Layout, known: Known | None, columns: Sequence[Cells]
    ) -> None:
        self.table = table
        self.understood = understood
        self.layout: Mapping[str, Any] = layout
        self.known = known
        self.columns = columns
        self.questions: list[Question] = []

    def choices(self) -> Choices:
        """All of them; each may rest on those before."""
        self._ask_for_columns()
        marks = self._marks()
        facts = read_facts(self.table.above, marks.get(-1, "."))
        order = self._order(facts)
        currency = self._currency(facts)
        self.understood = replace(
            self.understood, date_order=order, decimal_mark=marks.get(-1, ""), currency=currency
        )
        proof = self._signs_and_fees(marks)
        kind = self.layout.get("account_type") or self._account_type()
        understood = replace(self.understood, account_type=kind, questions=tuple(self.questions))
        return Choices(understood, marks, facts, proof, self._only_side())

    def _ask_for_columns(self) -> None:
        roles = {column.role for column in self.understood.columns}
        if "date" not in roles:
            self._ask("columns", "No column was recognised as the date of the rows. Say which one it is.")
        if not roles & {"amount", "debit", "credit"}:
            self._ask("columns", "No column was recognised as the amount of the rows. Say which one it is.")

    def _ask(self, field: Any, text: str) -> None:
        self.questions.append(Question(field, text))

    def _all(self, index: int) -> set[str]:
        """The different cells of a column, all rows of it."""
        return {row.cells[index] for row in self.table.rows if index < len(row.cells)}

    def _order(self, facts: Facts) -> str:
        """The order of day and month: what fits all days, else what a person, a bank or the file's language says."""
        if given := self.layout.get("date_order"):
            return str(given)
        dates = self.understood.where("date")
        written = [day for index in dates for cell in self._all(index) if (day := read_date(cell))]
        others = [day for index in self.understood.where("other_date") for cell in self._all(index) if (day := read_date(cell))]
        numeric = [day for day in written if "" not in day.orders]
        left: set[Order] = possible_orders(written)
        if not numeric:
            return ""
        if len(left) == 2 and any("" not in day.orders for day in others):
            left &= possible_orders(others) or left
        if len(left) == 2 and facts.days:
            left &= possible_orders(facts.days) or left
        if len(left) == 2 and self.known and self.known.date_order:
            left = {cast("Order", self.known.date_order)}
        if len(left) == 2 and all(day.dotted for day in numeric):
            left = {"dmy"}
        if len(left) == 2 and self._day_first_language():
            left = {"dmy"}
        if len(left) == 1:
            return next(iter(left))
        if not left:  # some days fit only one order, and some only the other
            self._ask("date_order", "Some days are only possible with the day first, others only with the month first.")
        elif any(day.day("dmy") != day.day("mdy") for day in numeric):
            self._ask("date_order", "Day and month cannot be told apart: no day is after the 12th. Say which comes first.")
        else:
            return "dmy"  # 01/01 and the like: one day, whichever comes first
        return ""

    def _day_first_language(self) -> bool:
        words = {word for column in self.understood.columns for word in plain(column.heading).split()}
        return len(words & _DAY_FIRST_WORDS) >= 2

    def _marks(self) -> dict[int, str]:
        """The decimal mark of each column of numbers, and of the whole table at -1."""
        numbers: dict[int, list[Number]] = {}
        for index, column in enumerate(self.understood.columns):
            if column.role in NUMERIC:
                numbers[index] = [number for cell in self._all(index) if (number := read_number(cell))]
        sure = {index: marks_of(found) for index, found in numbers.items()}
        money = {mark for index, found in sure.items() if self.understood.columns[index].role != "quantity" for mark in found}
        given = self.layout.get("decimal_mark", "")
        whole = given or (next(iter(money)) if len(money) == 1 else "")
        marks = {index: given or (next(iter(found)) if len(found) == 1 else "" if found else whole) for index, found in sure.items()}
        unclear = [index for index, found in numbers.items() if not marks[index] and not sure[index] and doubtful(found)]
        if unclear and not given:
            self._ask("decimal_mark", "Amounts such as 1.234 can be one thousand or one and a fraction. Say which mark is the decimal one.")
        return marks | ({-1: whole} if whole else {})

    def _currency(self, facts: Facts) -> str:
        """The currency of rows that name none of their own."""
        if given := str(self.layout.get("currency", "")):
            return given
        money = [index for role in ("amount", "debit", "credit", "balance") for index in self.understood.where(cast("Role", role))]
        named = {self._currency_of_heading(self.understood.columns[index].heading) for index in money}
        in_cells = {number.currency for index in money for number in self.columns[index].numbers if is_currency(number.currency)}
        for found in (named - {""}, in_cells, {facts.currency} - {""}, {self.known.currency if self.known else ""} - {""}):
            if len(found) == 1:
                return next(iter(found))
        return ""

    @staticmethod
    def _currency_of_heading(heading: str) -> str:
        inside = without_parentheses(heading)[1].strip()
        for text in (inside, *heading.split()[1:]):
            number = read_number(f"{text} 1") if text else None
            if number is not None and is_currency(number.currency):
                return number.currency
        return ""

    def _account_type(self) -> AccountType:
        if self.known and self.known.account_type:
            return self.known.account_type
        roles = {column.role for column in self.understood.columns}
        if {"quantity", "price"} <= roles or roles & {"isin", "symbol"}:
            return "investment"
        if self.understood.sign == "reversed" or any("card" in plain(column.heading).split() for column in self.understood.columns):
            return "credit"
        return "depository" if "balance" in roles or self.understood.where("account") else "other"

    def _signs_and_fees(self, marks: Mapping[int, str]) -> Proof | None:
        """The rules of signs and fees, by the running balance where there is one that follows."""
        given, where = self.layout.get("sign"), self.understood.where
        proof = self._proof(marks)
        rule, doubt = self._written_rule(marks)
        if proof is not None and proof.sign and rule != "action":
            if rule == "columns" and proof.sign == -1:
                self._swap()
                proof = replace(proof, sign=1)
            elif rule in {"as_written", "reversed"}:
                rule = "as_written" if proof.sign == 1 else "reversed"
            doubt = ""
        elif self.known and self.known.sign and doubt != "columns":
            rule, doubt = self.known.sign, ""
        if given and rule not in {"columns"}:
            rule, doubt = str(given), ""
        if rule == "columns" and proof is None and not self.table.headings and not self.understood.by_person:
            doubt = "Two columns take turns. Say which one is money in and which one is money out."
        if doubt:
            self._ask("columns" if rule == "columns" else "sign", doubt)
        fee = self.layout.get("fee") or (self.known.fee if self.known else "")
        if not fee and where("fee") and self._has_fees(marks):
            if proof is not None and proof.sign:
                fee = "apart" if proof.fees_apart else "included"
            elif {column.role for column in self.understood.columns} & {"quantity", "isin", "symbol"}:
                fee = "included"
            else:
                self._ask("fee", "There is a column of fees. Say if the amount has them in it, or if they come on top.")
        self.understood = replace(
            self.understood,
            sign=cast("Any", rule),
            fee=cast("Any", fee or "included"),
            newest_first=proof.newest_first if proof else self._by_days(),
            proof=f"{proof.steps:,}" if proof and proof.sign else "",
        )
        return proof

    def _proof(self, marks: Mapping[int, str]) -> Proof | None:
        """What the running balance proves, unless the days or plainly named columns say something else."""
        proof = prove(list(self._steps(marks)))
        by_days = self._by_days()
        if proof is None or (by_days is not None and by_days != proof.newest_first):
            return None
        named = bool(self.table.headings) and bool(self.understood.where("debit") + self.understood.where("credit"))
        if proof.sign == -1 and (named or proof.steps < _CERTAIN):
            return None
        return proof

    def _written_rule(self, marks: Mapping[int, str]) -> tuple[str, str]:
        roles = {column.role for column in self.understood.columns}
        if {"debit", "credit"} <= roles:
            return "columns", ""
        if "debit" in roles:
            return "reversed", ""
        verdict = sign_rule(list(self._samples(marks)), has_direction="direction" in roles)
        return verdict.rule, verdict.doubt

    def _swap(self) -> None:
        """Debit and credit the other way round: the balance says so."""
        turned: dict[Role, Role] = {"debit": "credit", "credit": "debit"}
        columns = tuple(replace(column, role=turned.get(column.role, column.role)) for column in self.understood.columns)
        self.understood = replace(self.understood, columns=columns)

    def _has_fees(self, marks: Mapping[int, str]) -> bool:
        (index,) = self.understood.where("fee")[:1]
        return any(number.value(marks.get(index, ".")) for cell in self._all(index) if (number := read_number(cell)))

    def _by_days(self) -> bool | None:
        dates = self.understood.where("date")
        order = cast("Order", self.understood.date_order)
        found = [read_date(row.cells[dates[0]]) for row in self.table.rows if dates and dates[0] < len(row.cells)]
        days = [each.day(order) for each in found if each]
        known = [day for day in days if day]
        if len(known) < 2 or known[0] == known[-1]:
            return None
        return known[0] > known[-1]

    def _only_side(self) -> str:
        for index in self.understood.where("direction"):
            words = [cell for cell in self._all(index) if cell.strip()]
            if words and all(word_in(cell, CREDIT) for cell in words):
                return "credit"
            if words and all(word_in(cell, DEBIT) for cell in words):
                return "debit"
        return ""

    def _samples(self, marks: Mapping[int, str]) -> Iterable[Sample]:
        index = next(iter(self.understood.where("amount") + self.understood.where("credit")), None)
        beside = {role: next(iter(self.understood.where(role)), None) for role in ("direction",)}  # type: ignore[arg-type]
        kinds = self.understood.where("kind")
        texts = self.understood.where("description") + self.understood.where("payee")
        for row in self.table.rows if index is not None else ():
            cell = row.cells[index] if index is not None and index < len(row.cells) else ""
            number = read_number(cell)
            value = number.value(marks.get(index or 0, "")) if number else None
            text = " ".join(row.cells[at] for at in texts if at < len(row.cells))
            if number is None or value is None or no_movement(text):
                continue
            words = {role: row.cells[at] if at is not None and at < len(row.cells) else "" for role, at in beside.items()}
            action = " ".join(row.cells[at] for at in kinds if at < len(row.cells))
            yield Sample(value, number.negative is not None, number.word, words["direction"], action or text[:80], text)

    def _steps(self, marks: Mapping[int, str]) -> Iterable[Step]:
        """Amounts, fees and balances of the longest run of one account and currency."""
        where = self.understood.where
        balance = next(iter(where("balance")), None)
        if balance is None:
            return
        group = where("account") + where("currency") + where("account_name")
        pair = where("debit") + where("credit")
        single = where("amount") or pair
        runs: dict[tuple[str, ...], list[Step]] = {}
        for row in self.table.rows[:_STEPS]:
            cells = row.cells

            def value(index: int | None) -> Decimal | None:
                cell = cells[index] if index is not None and index < len(cells) else ""  # noqa: B023 used at once
                number = read_number(cell)
                if number is None:
                    return Decimal(0) if is_nothing(cell) else None
                found = number.value(marks.get(index or 0, ""))
                return -found if found is not None and number.word == "DR" and not number.negative else found

            if balance >= len(cells) or is_nothing(cells[balance]):
                continue
            if len(pair) == 2:
                out, into = value(pair[0]), value(pair[1])
                amount = None if out is None or into is None else abs(into) - abs(out)
            else:
                amount = value(single[0] if single else None)
                if where("direction") and amount is not None and len(cells) > where("direction")[0]:
                    amount = -amount if cells[where("direction")[0]].strip().casefold() in DEBIT and amount > 0 else amount
            after, fee = value(balance), value(next(iter(where("fee")), None))
            if amount is None or after is None:
                continue
            key = tuple(cells[each] if each < len(cells) else "" for each in group)
            runs.setdefault(key, []).append(Step(row.line, amount, fee or Decimal(0), after))
        yield from max(runs.values(), key=len, default=[])


def delimiter_name(mark: str) -> str:
    """The delimiter in words."""
    return DELIMITERS.get(mark, mark)


def guessed_role(heading: str) -> Role:
    """The role that a heading names, `ignore` for none."""
    return role_of_heading(heading) or "ignore"
