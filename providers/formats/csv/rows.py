"""Rows of a table to transactions, one at a time: what each moves, or why it is left out or refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from providers.formats.csv.choices import Choices
from providers.formats.csv.dates import Order, Written, moment, read_date
from providers.formats.csv.numbers import is_currency, is_nothing, read_number
from providers.formats.csv.records import Record
from providers.formats.csv.signs import by_action, by_word
from providers.formats.csv.trades import FEE_CREDITS, coin, kind_and_units, security_of
from providers.formats.csv.words import PENDING, VOID, Role, kind_of, no_movement, word_in
from providers.formats.statement import StatementTransaction
from providers.formats.values import clean_id, clean_text, clean_word
from providers.records import Kind

NOT_BOOKED = "a movement that is not booked, or was cancelled"
NO_AMOUNT = "a row without an amount"
NOTE = "a note"
_LONG = 32  # an action of so many letters is a description of its own
_CASH = {True: Kind.CREDIT, False: Kind.DEBIT}


@dataclass(slots=True)
class Read:
    """What one record is: transactions of an account and a currency, or the sort of row that it is, or a refusal."""

    rows: list[StatementTransaction] = field(default_factory=list)
    account: str = ""
    currency: str = ""
    balance: Decimal | None = None
    left_out: str = ""
    rejected: str = ""


class Rejected(ValueError):
    """The row cannot be read with certainty; the text says why."""


class RowReader:
    """Reads the rows of one table."""

    def __init__(self, choices: Choices, width: int) -> None:
        understood = choices.understanding
        self.understood = understood
        self.marks = choices.marks
        self.width = width
        self.rule = understood.sign
        self.order = cast("Order", understood.date_order)

        def only(role: Role) -> int | None:
            return next(iter(understood.where(role)), None)

        self.date = only("date")
        self.other_dates = understood.where("other_date")
        self.amount, self.debit, self.credit = only("amount"), only("debit"), only("credit")
        self.balance, self.fee, self.tax = only("balance"), only("fee"), only("tax")
        self.currency, self.asset, self.quantity = only("currency"), only("asset"), only("quantity")
        self.state, self.direction, self.kinds = only("state"), only("direction"), understood.where("kind")
        self.only_side = choices.only_side
        self.reference = understood.where("reference")
        self.check, self.price, self.rate = only("check_number"), only("price"), only("exchange_rate")
        self.foreign, self.foreign_currency = only("original_amount"), only("original_currency")
        self.account = understood.where("account") or understood.where("account_name")
        self.texts = understood.where("payee") + understood.where("description")
        self.isin, self.symbol, self.security = only("isin"), only("symbol"), only("security")
        self.traded = None not in (self.quantity, self.isin) or self.symbol is not None or self.security is not None
        self.traded = self.traded or self.isin is not None

    def read(self, record: Record) -> Read:
        """The row. Never raises."""
        if record.problem:
            return Read(rejected=record.problem)
        cells = record.cells
        if len(cells) < self.width:
            cells = cells + [""] * (self.width - len(cells))
        day = read_date(cells[self.date]) if self.date is not None else None
        pending = False
        if day is None and self.date is not None and is_nothing(cells[self.date]):
            day = next((found for index in self.other_dates if (found := read_date(cells[index]))), None)
            pending = day is not None  # it happened, and is not booked
        if day is None:
            return self._without_day(cells)
        try:
            return self._with_day(record.line, cells, day, pending=pending)
        except Rejected as problem:
            return Read(rejected=str(problem))

    def _without_day(self, cells: Sequence[str]) -> Read:
        filled = [cell for cell in cells if not is_nothing(cell)]
        if not filled:
            return Read(left_out="" if not any(cell.strip() for cell in cells) else NOTE)
        sort = next((found for cell in filled if (found := no_movement(cell))), None)
        dated = cells[self.date] if self.date is not None else ""
        if word_in(dated, PENDING):
            return Read(left_out=NOT_BOOKED)
        if sort is not None:
            return Read(left_out=sort)
        columns = [index for index in (self.amount, self.debit, self.credit) if index is not None]
        if any(read_number(cells[index]) for index in columns) and len(filled) > 1:
            return Read(rejected=f"“{clean_text(dated, 40)}” is not a date." if dated.strip() else "This row has no date.")
        return Read(left_out=NOTE)

    def _with_day(self, line: int, cells: list[str], day: Written, *, pending: bool) -> Read:
        date = day.day(self.order)
        if date is None:
            raise Rejected(f"“{clean_text(cells[self.date or 0], 40)}” could be read as two different days.")
        if any(cell.strip() for cell in cells[self.width :]):
            raise Rejected("This row has more cells than the table has columns.")
        state = cells[self.state] if self.state is not None else ""
        if state.strip() and word_in(state, VOID):
            return Read(left_out=NOT_BOOKED)
        action = clean_text(" ".join(cells[index] for index in self.kinds), 200)
        text = self._text(cells)
        text = action if len(action) > _LONG or not text else text
        amount = self._amount(cells, action or text)
        sort = _no_movement(text, action, amount)
        balance = self._number(self.balance, cells, strict=False)
        account, currency = self._account(cells), self._currency(cells)
        if sort or amount is None:
            return Read(account=account, currency=currency, balance=balance, left_out=sort or NO_AMOUNT)
        if currency in FEE_CREDITS:
            return Read(left_out=NOTE)
        if self.asset is not None and "convert" in action.casefold():
            raise Rejected("A coin that was changed into another one cannot be read yet.")
        pending = word_in(state, PENDING) if state.strip() else pending
        row = self._transaction(line, cells, text, action, amount, currency)
        row = _build(row, date=date, posted_at=moment(day, date), status="pending" if pending else "posted")
        rows = [row]
        fee = self._fee(cells)
        if fee and self.understood.fee == "apart" and not coin(currency):
            rows.append(_fee_row(row, fee))
        return Read(rows, account, "" if row.security and coin(currency) else currency, balance)

    def _text(self, cells: Sequence[str]) -> str:
        parts: list[str] = []
        for index in self.texts:
            part = clean_text(cells[index])
            if part and not is_nothing(part) and part not in parts:
                parts.append(part)
        return " ".join(parts)[:1000]

    def _number(self, index: int | None, cells: Sequence[str], *, strict: bool = True) -> Decimal | None:
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

    def _amount(self, cells: Sequence[str], action: str) -> Decimal | None:
        """The amount with its sign; None if there is none. Raises Rejected."""
        if self.debit is not None and self.credit is not None:
            return self._from_pair(self._number(self.debit, cells), self._number(self.credit, cells))
        index = self.amount if self.amount is not None else self.debit if self.debit is not None else self.credit
        value = self._number(index, cells)
        if value is None or index is None or not value:
            return value
        if self.rule == "reversed":
            return -value
        if self.rule == "word":
            said = self._by_direction(cells, index, value)
            if said is None:
                raise Rejected(f"“{clean_text(cells[self.direction or 0], 40)}” does not say if this is money in or out.")
            return said
        if self.rule == "action":
            if self.asset is not None and kind_of(action) not in {Kind.BUY, Kind.SELL, Kind.FEE}:
                return Decimal(0)
            said = by_action(action, value)
            if said is None:
                raise Rejected(f"“{clean_text(action, 40)}” does not say if this is money in or out.")
            return said
        return value

    def _by_direction(self, cells: Sequence[str], index: int, value: Decimal) -> Decimal | None:
        if self.direction is None:
            number = read_number(cells[index])
            return value if number is not None and number.word in {"CR", "C", "H"} else -value
        if not cells[self.direction].strip() and self.only_side:
            return -value if self.only_side == "credit" else value
        return by_word(cells[self.direction], value)

    @staticmethod
    def _from_pair(out: Decimal | None, into: Decimal | None) -> Decimal | None:
        if out and into:
            raise Rejected("This row has money in and money out at once.")
        if into:
            return abs(into)
        return -abs(out) if out else out if into is None else into

    def _account(self, cells: Sequence[str]) -> str:
        return " ".join(part for index in self.account[:1] if (part := clean_id(cells[index].strip("'\" "))))

    def _currency(self, cells: Sequence[str]) -> str:
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

    def _fee(self, cells: Sequence[str]) -> Decimal | None:
        fee = self._number(self.fee, cells, strict=False)
        return abs(fee) if fee else None

    def _transaction(
        self, line: int, cells: Sequence[str], text: str, action: str, amount: Decimal, currency: str
    ) -> Callable[..., StatementTransaction]:
        kind = (kind_of(action) if action else None) or (kind_of(text[:80]) if self.traded else None) or _CASH[amount >= 0]
        security, units, price = None, None, None
        if self.traded or self.asset is not None:
            named = [cells[each].strip() if each is not None else "" for each in (self.isin, self.symbol, self.security)]
            if self.asset is not None and self.quantity is not None:
                named[1] = cells[self.asset].strip()
            if self.asset is not None and self.quantity is None and coin(currency):
                fee = self._fee(cells) if self.understood.fee == "apart" else None
                security, units = security_of("", currency, "", coin=True), amount - (fee or 0)
                amount, currency = Decimal(0), ""
            else:
                security = security_of(named[0], named[1], named[2] or text, coin=self.asset is not None)
            if security is not None:
                moved = units if units is not None else self._number(self.quantity, cells, strict=False)
                kind, units, amount = kind_and_units(kind, action or text, moved, amount, coin=self.asset is not None)
                price = self._number(self.price, cells, strict=False) if self._own_price(cells, currency) else None
        foreign = self._foreign(cells, currency)
        reference = next((clean_id(cells[each]) for each in self.reference if not is_nothing(cells[each])), None)
        checked = clean_id(cells[self.check]) if self.check is not None and not is_nothing(cells[self.check]) else ""

        def build(**more: object) -> StatementTransaction:
            return StatementTransaction(
                fitid=None,
                amount=amount,
                currency=currency or None,
                original_currency=foreign[0],
                original_amount=foreign[1],
                exchange_rate=foreign[2],
                description=text,
                kind=kind,
                source_code=clean_word(action),
                check_number=checked or None,
                reference=reference,
                security=security,
                quantity=units,
                price=abs(price) if price else None,
                fees=self._fee(cells) if self.understood.fee == "included" else None,
                taxes=self._number(self.tax, cells, strict=False) or None,
                line=line,
                **more,  # type: ignore[arg-type]
            )

        return build

    def _own_price(self, cells: Sequence[str], currency: str) -> bool:
        """True unless the price is stated in another currency than the row."""
        index = self.foreign_currency
        return index is None or not is_currency(cells[index].strip().upper()) or cells[index].strip().upper() == currency

    def _foreign(self, cells: Sequence[str], currency: str) -> tuple[str | None, Decimal | None, Decimal | None]:
        if self.foreign is None or self.foreign_currency is None:
            return None, None, None
        code = cells[self.foreign_currency].strip().upper()
        amount = self._number(self.foreign, cells, strict=False)
        if not is_currency(code) or code == currency or amount is None:
            return None, None, None
        return code, amount, self._number(self.rate, cells, strict=False) or None


def _build(build: Callable[..., StatementTransaction], **more: object) -> StatementTransaction:
    return build(**more)


def _no_movement(text: str, action: str, amount: Decimal | None) -> str | None:
    """The sort of row that moves nothing: by its words alone if it has no amount, else only if they say nothing else."""
    for words in (text, action):
        sort = no_movement(words) if words else None
        if sort is not None and (not amount or words is action or len(words) < 25):
            return sort
    return None


def _fee_row(row: StatementTransaction, fee: Decimal) -> StatementTransaction:
    """The fee of a row as a movement of its own: the amount does not have it in it."""
    return StatementTransaction(
        fitid=None,
        date=row.date,
        posted_at=row.posted_at,
        amount=-fee,
        currency=row.currency,
        description=f"Fee: {row.description}"[:1000],
        kind=Kind.FEE,
        source_code="FEE",
        reference=row.reference,
        status=row.status,
        line=row.line,
    )
