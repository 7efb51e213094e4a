"""Rows of bank, cash, card, asset and liability accounts in QIF."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from providers.formats.qif.records import Record
from providers.formats.qif.values import Habits, parse_amount, parse_day
from providers.formats.statement import StatementTransaction
from providers.formats.values import (
    MAX_TEXT,
    BadValueError,
    clean_id,
    clean_text,
    exact_sum,
    join_description,
)
from providers.records import Kind

_KINDS = {
    "atm": Kind.ATM,
    "deposit": Kind.DEPOSIT,
    "dep": Kind.DEPOSIT,
    "transfer": Kind.TRANSFER,
    "txfr": Kind.TRANSFER,
}
_OPENING = frozenset(
    {"opening balance", "anfangssaldo", "saldo inicial", "solde initial", "saldo iniziale", "beginsaldo"}
)


def amount_of(record: Record, habits: Habits) -> Decimal | None:
    """The amount: T, and U, which says the same with more digits. Raises BadValueError where they differ."""
    found = [parse_amount(value, habits) for value in record.all("TU") if value]
    if any(value != found[0] for value in found):
        raise BadValueError("The amount is there twice with different values.")
    return found[0] if found else None


def day_of(record: Record, habits: Habits) -> dt.date:
    """The day. Raises BadValueError."""
    days = [value for value in record.all("D") if value]
    if not days:
        raise BadValueError("The date (D) is missing.")
    if any(value != days[0] for value in days):
        raise BadValueError("The date is there twice with different values.")
    return parse_day(days[0], habits)


def noon(day: dt.date) -> dt.datetime:
    """Noon in UTC of a day without a time."""
    return dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)


def is_opening(record: Record, account: str | None) -> bool:
    """True for the record that tells the balance which an account began with."""
    target = record.first("L")
    own = not target or (account is not None and target == f"[{account}]")
    return own and record.first("P").casefold() in _OPENING


def read_row(record: Record, habits: Habits) -> StatementTransaction:
    """A row. Raises BadValueError."""
    day, amount = day_of(record, habits), amount_of(record, habits)
    if amount is None:
        raise BadValueError("The amount (T) is missing.")
    number = clean_id(record.first("N"))
    target = record.first("L")
    transfer = target.startswith("[")
    return StatementTransaction(
        fitid=None,
        date=day,
        posted_at=noon(day),
        amount=amount,
        currency=None,
        description=_description(record),
        kind=_kind(number, amount, transfer=transfer),
        source_code="",
        check_number=number if number.isdigit() and len(number) < 12 else None,
        reference=number or None,
        category="" if transfer else clean_text(target, 80),
        line=record.line,
    )


def _kind(number: str, amount: Decimal, *, transfer: bool) -> Kind:
    if transfer:
        return Kind.TRANSFER
    kind = _KINDS.get(number.casefold())
    if kind is None and number.isdigit() and len(number) < 7 and amount < 0:
        kind = Kind.CHECK
    return kind or (Kind.DEBIT if amount < 0 else Kind.CREDIT)


def _description(record: Record) -> str:
    """Payee and memo; the parts of a split after them."""
    told = join_description(clean_text(record.first("P")), clean_text(record.first("M")))
    if not told:
        told = clean_text(" ".join(record.all("A")))
    found = splits(record)
    if len(found) < 2:
        return told or clean_text(record.first("L"), 80).strip("[]")
    parts = [f"{clean_text(name, 80)} {amount}".strip() for name, _, amount in found]
    return join_description(told, "; ".join(parts))[:MAX_TEXT]


def splits(record: Record) -> list[tuple[str, str, str]]:
    """Category, memo and amount of each part of a split."""
    found: list[tuple[str, str, str]] = []
    for line in record.lines:
        if line[0] == "S":
            found.append((line[1:].strip(), "", ""))
        elif found and line[0] == "E":
            found[-1] = (found[-1][0], line[1:].strip(), found[-1][2])
        elif found and line[0] == "$":
            found[-1] = (found[-1][0], found[-1][1], line[1:].strip())
    return found


def splits_add_up(record: Record, amount: Decimal, habits: Habits) -> bool:
    """True if the parts of a split are the whole, or if it is none."""
    amounts = [text for _, _, text in splits(record) if text]
    if not amounts:
        return True
    try:
        return exact_sum(parse_amount(text, habits) for text in amounts) == amount
    except BadValueError:
        return False
