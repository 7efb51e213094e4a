"""Rows of a table to transactions, one at a time: what each moves, or why it is left out or refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from decimal import Decimal

from msgspec.structs import replace

from providers.formats.csv.cells.dates import Written, moment, read_date
from providers.formats.csv.cells.numbers import is_nothing, read_number
from providers.formats.csv.cells.records import Record
from providers.formats.csv.reading.trades import (
    FEE_CREDITS,
    by_units,
    coin,
    converted,
    kind_and_units,
    security_of,
)
from providers.formats.csv.reading.values import CellReader, Rejected
from providers.formats.csv.words.kinds import kind_of
from providers.formats.csv.words.said import BOOKED, PENDING, VOID, no_movement, word_in
from providers.formats.statement import Security, StatementTransaction
from providers.formats.values import clean_id, clean_text, clean_word
from providers.records import Kind

NOT_BOOKED = "a movement that is not booked, or was cancelled"
NO_AMOUNT = "a row without an amount"
NOTE = "a note"
_SHORT = 30  # so long is a text that says nothing else
_LONG = 32  # an action of so many letters is a description of its own
_CASH = {True: Kind.CREDIT, False: Kind.DEBIT}


@dataclass(slots=True)
class Read:
    """One record as it was read: transactions of an account and a currency, or its sort of row, or a refusal."""

    rows: list[StatementTransaction] = field(default_factory=list)
    account: str = ""
    currency: str = ""
    balance: Decimal | None = None
    left_out: str = ""
    rejected: str = ""


@dataclass(slots=True)
class _Written:
    """A row that moves money, as it is written."""

    line: int
    text: str
    action: str
    amount: Decimal
    currency: str
    day: Written
    date: dt.date
    _: KW_ONLY
    pending: bool


class RowReader(CellReader):
    """Reads the rows of one table."""

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
        dated = cells[self.date] if self.date is not None else ""
        first = dated.split(maxsplit=1)[:1]  # Total of January
        sort = next((found for cell in (*filled, *first) if (found := no_movement(cell))), None)
        if word_in(dated, PENDING):
            return Read(left_out=NOT_BOOKED)
        if sort is not None:
            return Read(left_out=sort)
        columns = [index for index in (self.amount, self.debit, self.credit) if index is not None]
        if any(read_number(cells[index]) for index in columns) and len(filled) > 1:
            return Read(
                rejected=f"“{clean_text(dated, 40)}” is not a date."
                if dated.strip()
                else "This row has no date."
            )
        return Read(left_out=NOTE)

    def _with_day(self, line: int, cells: list[str], day: Written, *, pending: bool) -> Read:
        date = self._certain(day, cells, pending=pending)
        if len(cells) > self.named and any(cell.strip() for cell in cells[self.named :]):
            raise Rejected("This row has more cells than the table has columns.")
        state = cells[self.state] if self.state is not None else ""
        if state.strip() and word_in(state, VOID):
            return Read(left_out=NOT_BOOKED)
        text, action = self._words(cells)
        amount, currency = self.amount_of(cells, action or text), self.currency_of(cells)
        sort = self._sort(text, action, amount, currency)
        read = Read(
            [], self.account_of(cells), currency, self.number_of(self.balance, cells, strict=False), sort
        )
        if amount is not None and not sort:
            pending = self._pending(state) if not is_nothing(state) else pending
            written = _Written(line, text, action, amount, currency, day, date, pending=pending)
            row = self._transaction(cells, written)
            changed = self.asset is not None and "convert" in action.casefold()
            read.rows += converted(row) if changed else [row]
            if self.understood.fee == "apart" and not coin(currency) and (fee := self.fee_of(cells)):
                read.rows.append(_fee_row(row, fee))
            read.currency = "" if row.security and coin(currency) else currency
        return read

    def _pending(self, state: str) -> bool:
        """True for a word that says that the row is not booked yet. Raises Rejected for one that may say anything."""
        pending = word_in(state, PENDING)
        if not pending and self.states and not word_in(state, BOOKED):
            raise Rejected(f"“{clean_text(state, 40)}” does not say if this row is booked.")
        return pending

    def _certain(self, day: Written, cells: Sequence[str], *, pending: bool) -> dt.date:
        """The day, if it is one only, and is written as the others are. Raises Rejected."""
        date = day.day(self.order)
        usual = pending or day.form in self.forms
        if date is not None and usual:
            return date
        why = "is written otherwise than the other days" if date else "could be read as two different days"
        raise Rejected(f"“{clean_text(cells[self.date or 0], 40)}” {why}.")

    def _words(self, cells: Sequence[str]) -> tuple[str, str]:
        """The description and the action, which is the description where it is a long one or there is none."""
        text = self.text_of(cells)
        if not self.kinds:
            return text, ""
        action = clean_text(" ".join([cells[index] for index in self.kinds]), 200)
        return (action if len(action) > _LONG or not text else text), action

    def _sort(self, text: str, action: str, amount: Decimal | None, currency: str) -> str:
        """The sort of row that moves nothing; empty for a movement. Raises Rejected."""
        if currency in FEE_CREDITS:
            return NOTE
        return _no_movement(text, action, amount) or ("" if amount is not None else NO_AMOUNT)

    def _transaction(self, cells: Sequence[str], written: _Written) -> StatementTransaction:
        text, action, amount, currency = written.text, written.action, written.amount, written.currency
        kind = (kind_of(action) if action else None) or (kind_of(text[:80]) if self.traded else None)
        kind = kind or _CASH[amount >= 0]
        security, units, price = None, None, None
        if self.traded or self.asset is not None:
            security, units, amount, currency = self._security(cells, text, amount, currency)
            if security is not None:
                coins = self.asset is not None
                kind = kind if self.kinds or coins else by_units(kind, units, amount)
                kind, units, amount = kind_and_units(kind, units, amount, coin=coins)
                price = (
                    self.number_of(self.price, cells, strict=False)
                    if self.own_price_of(cells, currency)
                    else None
                )
        foreign, foreign_amount, rate = self.foreign_of(cells, currency)
        row = StatementTransaction(
            fitid=None,
            date=written.date,
            posted_at=moment(written.day, written.date),
            amount=amount,
            currency=currency or None,
            description=text,
            kind=kind,
            source_code=clean_word(action) if action else "",
            check_number=_first(cells, self.checks),
            reference=_first(cells, self.reference),
            fees=self.fee_of(cells) if self.understood.fee == "included" else None,
            status="pending" if written.pending else "posted",
            line=written.line,
        )
        if foreign:
            row = replace(row, original_currency=foreign, original_amount=foreign_amount, exchange_rate=rate)
        if security is not None or self.tax is not None:
            taxes = self.number_of(self.tax, cells, strict=False) or None
            price = abs(price) if price else None
            row = replace(row, security=security, quantity=units, price=price, taxes=taxes)
        return row

    def _security(
        self, cells: Sequence[str], text: str, amount: Decimal, currency: str
    ) -> tuple[Security | None, Decimal | None, Decimal, str]:
        """The security of a row, its units, and the cash and currency that are left beside these."""
        if self.asset is not None and self.quantity is None and coin(currency):
            fee = self.fee_of(cells) if self.understood.fee == "apart" else None
            return security_of("", currency, "", coin=True), amount - (fee or 0), Decimal(0), ""
        isin, symbol, name = (
            cells[each].strip() if each is not None else ""
            for each in (self.isin, self.symbol, self.security)
        )
        if self.asset is not None and self.quantity is not None:
            symbol = cells[self.asset].strip()
        security = security_of(isin, symbol, name or text, coin=self.asset is not None)
        units = self.number_of(self.quantity, cells, strict=False) if security is not None else None
        return security, units, amount, currency


def _first(cells: Sequence[str], places: Sequence[int]) -> str | None:
    """The identifier in the first of these cells that has one."""
    for each in places:
        if not is_nothing(cells[each]):
            return clean_id(cells[each])
    return None


def _no_movement(text: str, action: str, amount: Decimal | None) -> str | None:
    """The sort of row that moves nothing: by its words, which must say nothing else if it has an amount."""
    for words in (text, action):
        sort = no_movement(words) if words else None
        if sort is not None and (not amount or words is action or len(words) < _SHORT):
            return sort
    return None


def _fee_row(row: StatementTransaction, fee: Decimal) -> StatementTransaction:
    """The fee of a row as a movement of its own: the amount does not have it in it."""
    text = f"Fee: {row.description}"[:1000]
    return StatementTransaction(
        fitid=None,
        date=row.date,
        posted_at=row.posted_at,
        amount=-fee,
        currency=row.currency,
        description=text,
        kind=Kind.FEE,
        source_code="FEE",
        reference=row.reference,
        status=row.status,
        line=row.line,
    )
