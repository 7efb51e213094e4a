"""Values of one row: its amount with its sign, its currency, its words; each certain, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from providers.formats.csv.cells.dates import Order
from providers.formats.csv.cells.numbers import is_currency, is_nothing, read_number
from providers.formats.csv.choosing.choices import Choices
from providers.formats.csv.choosing.signs import by_action, by_word
from providers.formats.csv.words.headings import Role
from providers.formats.csv.words.kinds import kind_of
from providers.formats.values import clean_id, clean_text
from providers.records import Kind


class Rejected(ValueError):
    """The row cannot be read with certainty; the text says why."""


class CellReader:
    """Reads the values of a row, each by the choices that were made for its column."""

    def __init__(self, choices: Choices, width: int) -> None:
        understood = choices.understanding
        self.understood, self.marks, self.width = understood, choices.marks, width
        self.order = cast("Order", understood.date_order)
        self.only_side, self.mixed, self.forms = choices.only_side, choices.mixed, choices.forms
        self.states, self.named = choices.states, choices.named or width

        def only(role: Role) -> int | None:
            return next(iter(understood.where(role)), None)

        self.date, self.other_dates = only("date"), understood.where("other_date")
        self.amount, self.debit, self.credit = only("amount"), only("debit"), only("credit")
        self.balance, self.fee, self.tax = only("balance"), only("fee"), only("tax")
        self.currency, self.asset, self.quantity = only("currency"), only("asset"), only("quantity")
        self.state, self.direction, self.kinds = only("state"), only("direction"), understood.where("kind")
        self.checks, self.price = understood.where("check_number")[:1], only("price")
        self.rate = only("exchange_rate")
        self.foreign, self.foreign_currency = only("original_amount"), only("original_currency")
        self.account = understood.where("account") or understood.where("account_name")
        self.texts = understood.where("payee") + understood.where("description")
        self.isin, self.symbol, self.security = only("isin"), only("symbol"), only("security")
        self.reference = understood.where("reference")
        self.traded = any(each is not None for each in (self.isin, self.symbol, self.security))

    def text_of(self, cells: Sequence[str]) -> str:
        """The words of the row: those of its other party, then its description."""
        parts: list[str] = []
        for index in self.texts:
            if not cells[index]:
                continue
            part = clean_text(cells[index])
            if part and not is_nothing(part) and part not in parts:
                parts.append(part)
        return " ".join(parts)[:1000]

    def number_of(self, index: int | None, cells: Sequence[str], *, strict: bool = True) -> Decimal | None:
        """The number of a column; None for an empty cell. Raises Rejected."""
        if index is None or is_nothing(cells[index]):
            return None
        number = read_number(cells[index])
        value = number.value(self.marks.get(index, "")) if number else None
        if value is None and strict:
            shown = clean_text(cells[index], 40)
            doubt = "could be read as two different numbers" if number else "is not a number"
            raise Rejected(f"“{shown}” {doubt}.")
        if number is not None and value is not None and number.word == "DR" and index == self.balance:
            return -abs(value)
        return value

    def amount_of(self, cells: Sequence[str], action: str) -> Decimal | None:
        """The amount with its sign; None if there is none. Raises Rejected."""
        if self.debit is not None and self.credit is not None:
            return self._from_pair(cells, self.debit, self.credit)
        index = next((each for each in (self.amount, self.debit, self.credit) if each is not None), None)
        value = self.number_of(index, cells)
        if value is None or index is None or not value or self.understood.sign == "as_written":
            return value
        return -value if self.understood.sign == "reversed" else self._told(cells, index, action, value)

    def _told(self, cells: Sequence[str], index: int, action: str, value: Decimal) -> Decimal:
        """The amount with the sign that another cell gives it. Raises Rejected."""
        if self.understood.sign == "action":
            if self.asset is not None and kind_of(action) not in {Kind.BUY, Kind.SELL, Kind.FEE}:
                return Decimal(0)
            said, words = by_action(action, value), action
        else:
            said = self._by_direction(cells, index, value)
            words = cells[self.direction] if self.direction is not None else ""
        if said is None:
            raise Rejected(f"“{clean_text(words, 40)}” does not say if this is money in or out.")
        return said

    def _by_direction(self, cells: Sequence[str], index: int, value: Decimal) -> Decimal | None:
        if self.direction is None:
            number = read_number(cells[index])
            return value if number is not None and number.word in {"CR", "C", "H"} else -value
        if not cells[self.direction].strip() and self.only_side:
            return -value if self.only_side == "credit" else value
        return by_word(cells[self.direction], value)

    def _from_pair(self, cells: Sequence[str], debit: int, credit: int) -> Decimal | None:
        """Money in less money out, of which a row has one. Raises Rejected."""
        out, into = self.number_of(debit, cells), self.number_of(credit, cells)
        if out and into:
            raise Rejected("This row has money in and money out at once.")
        if (out and out < 0 and debit in self.mixed) or (into and into < 0 and credit in self.mixed):
            raise Rejected("The amount of this row is negative, and others of its column are not.")
        if into:
            return abs(into)
        return -abs(out) if out else out if into is None else into

    def account_of(self, cells: Sequence[str]) -> str:
        """The account that the row is of; empty if no column names it."""
        return clean_id(cells[self.account[0]].strip("'\" ")) if self.account else ""

    def currency_of(self, cells: Sequence[str]) -> str:
        """The currency of the row. Raises Rejected for one that does not exist, or for two different ones."""
        index = self.amount if self.amount is not None else self.debit
        number = read_number(cells[index]) if index is not None else None
        written = number.currency if number is not None and is_currency(number.currency) else ""
        column = self.currency if self.currency is not None else self.asset if self.quantity is None else None
        cell = cells[column].strip() if column is not None else ""
        if not cell:
            return written or self.understood.currency
        named = read_number(f"{cell} 1")
        code = named.currency if named is not None and is_currency(named.currency) else cell.upper()
        if is_currency(code[1:]) and code[:1] == "Z" and len(code) == 4:
            code = code[1:]
        if not is_currency(code):
            if column == self.asset:
                return code
            return written or self.understood.currency if cell in {"$", "¥", "kr"} else self._refused(cell)
        if written and written != code:
            raise Rejected(f"This row is in {code}, and its amount in {written}.")
        return code

    @staticmethod
    def _refused(cell: str) -> str:
        raise Rejected(f"“{clean_text(cell, 10)}” is not a currency.")

    def fee_of(self, cells: Sequence[str]) -> Decimal | None:
        """The fee, which is positive; None if there is none."""
        fee = self.number_of(self.fee, cells, strict=False)
        return abs(fee) if fee else None

    def own_price_of(self, cells: Sequence[str], currency: str) -> bool:
        """True unless the price is stated in another currency than the row."""
        index = self.foreign_currency
        return (
            index is None
            or not is_currency(cells[index].strip().upper())
            or cells[index].strip().upper() == currency
        )

    def foreign_of(
        self, cells: Sequence[str], currency: str
    ) -> tuple[str | None, Decimal | None, Decimal | None]:
        if self.foreign is None or self.foreign_currency is None:
            return None, None, None
        code = cells[self.foreign_currency].strip().upper()
        amount = self.number_of(self.foreign, cells, strict=False)
        if not is_currency(code) or code == currency or amount is None:
            return None, None, None
        return code, amount, self.number_of(self.rate, cells, strict=False) or None
