"""Rows of investment accounts in QIF: actions, and the money that some of them bring from or to another account."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from providers.formats.qif.records import Record
from providers.formats.qif.rows import amount_of, day_of, noon, read_row
from providers.formats.qif.values import Habits, parse_amount
from providers.formats.statement import Security, StatementTransaction
from providers.formats.values import BadValueError, clean_text, join_description
from providers.records import Kind

# The kind of an action, and the direction of its money: 1 in, -1 out, 0 none.
_ACTIONS: dict[str, tuple[Kind, int]] = {
    "buy": (Kind.BUY, -1),
    "cvrshrt": (Kind.BUY, -1),
    "sell": (Kind.SELL, 1),
    "shtsell": (Kind.SELL, 1),
    "div": (Kind.DIVIDEND, 1),
    "intinc": (Kind.INTEREST, 1),
    "cglong": (Kind.CAPITAL_GAIN, 1),
    "cgmid": (Kind.CAPITAL_GAIN, 1),
    "cgshort": (Kind.CAPITAL_GAIN, 1),
    "rtrncap": (Kind.RETURN_OF_CAPITAL, 1),
    "miscinc": (Kind.CASH_IN, 1),
    "miscexp": (Kind.FEE, -1),
    "margint": (Kind.INTEREST, -1),
    "reinvdiv": (Kind.REINVESTMENT, -1),
    "reinvint": (Kind.REINVESTMENT, -1),
    "reinvlg": (Kind.REINVESTMENT, -1),
    "reinvmd": (Kind.REINVESTMENT, -1),
    "reinvsh": (Kind.REINVESTMENT, -1),
    "shrsin": (Kind.TRANSFER, 0),
    "shrsout": (Kind.TRANSFER, 0),
    "stksplit": (Kind.SPLIT, 0),
    "grant": (Kind.OPTION, 0),
    "vest": (Kind.OPTION, 0),
    "expire": (Kind.OPTION, 0),
    "xin": (Kind.TRANSFER, 1),
    "xout": (Kind.TRANSFER, -1),
    "contribx": (Kind.TRANSFER, 1),
    "withdrwx": (Kind.TRANSFER, -1),
    "withdrx": (Kind.TRANSFER, -1),
}
_MOVES_SHARES = {"buy": 1, "cvrshrt": 1, "sell": -1, "shtsell": -1, "shrsin": 1, "shrsout": -1}
_OF_TEN = Decimal(10)  # a split is written as the new shares for ten old ones


class NoMovement(Exception):
    """The record is a reminder of something."""


def read_activity(record: Record, habits: Habits, symbols: dict[str, Security]) -> list[StatementTransaction]:
    """One row, or two: an action on X moves its money from or to another account. Raises BadValueError, NoMovement."""
    action = record.first("N").strip()
    word = action.casefold()
    if word == "reminder":
        raise NoMovement
    if word in {"", "cash"}:
        return [replace(read_row(record, habits), check_number=None, reference=None, source_code=action)]
    moves = word not in _ACTIONS and word.endswith("x")
    name = word[:-1] if moves else word
    if name not in _ACTIONS:
        raise BadValueError(f"We do not know this kind of investment activity ({clean_text(action, 40)}).")
    kind, direction = _ACTIONS[name]
    row = _row(record, habits, symbols, name, kind, direction)
    row = replace(row, source_code=clean_text(action, 40))
    return [row, _moved(record, habits, row)] if moves and row.amount else [row]


def _row(
    record: Record, habits: Habits, symbols: dict[str, Security], name: str, kind: Kind, direction: int
) -> StatementTransaction:
    day, amount = day_of(record, habits), amount_of(record, habits)
    if direction and amount is None:
        raise BadValueError("The amount (T) is missing.")
    if not direction or amount is None:
        amount = Decimal(0)
    elif direction < 0 and amount > 0:
        amount = amount.copy_negate()
    security = _security(record, symbols)
    units, price, costs = (_number(record, letter, habits) for letter in "QIO")
    title = security.name or "" if security else ""
    return StatementTransaction(
        fitid=None,
        date=day,
        posted_at=noon(day),
        amount=amount,
        currency=None,
        description=join_description(title or clean_text(record.first("P")), clean_text(record.first("M"))),
        kind=kind,
        source_code="",
        security=security,
        quantity=None if name == "stksplit" else _signed(units, name, kind),
        price=price,
        fees=costs,
        split=(units, _OF_TEN) if name == "stksplit" and units else None,
        category="" if record.first("L").startswith("[") else clean_text(record.first("L"), 80),
        line=record.line,
    )


def _signed(units: Decimal | None, name: str, kind: Kind) -> Decimal | None:
    if units is None:
        return None
    sign = 1 if kind is Kind.REINVESTMENT else _MOVES_SHARES.get(name)
    if sign is None:
        return None
    return units.copy_abs() if sign > 0 else units.copy_abs().copy_negate()


def _moved(record: Record, habits: Habits, row: StatementTransaction) -> StatementTransaction:
    """The money of an action on X as a row of its own: it pays for a purchase, or takes what a sale brings."""
    moved = _number(record, "$", habits)
    amount = row.amount.copy_abs() if moved is None else moved.copy_abs()
    other = clean_text(record.first("L"), 80).strip("[]")
    return replace(
        row,
        amount=amount if row.amount < 0 else amount.copy_negate(),
        kind=Kind.TRANSFER,
        description=join_description(other, row.description),
        security=None,
        quantity=None,
        price=None,
        fees=None,
        category="",
    )


def _number(record: Record, letter: str, habits: Habits) -> Decimal | None:
    text = record.first(letter)
    return parse_amount(text, habits) if text else None


def _security(record: Record, symbols: dict[str, Security]) -> Security | None:
    name = clean_text(record.first("Y"), 200)
    if not name:
        return None
    return symbols.get(name) or Security(unique_id=name, id_type="NAME", name=name)


def read_security(record: Record) -> Security | None:
    """A record of the list of securities; None without a name."""
    name = clean_text(record.first("N"), 200)
    if not name:
        return None
    symbol = clean_text(record.first("S"), 40).upper()
    kind = clean_text(record.first("T"), 40).lower().replace(" ", "_")
    return Security(unique_id=name, id_type="NAME", symbol=symbol or None, name=name, type=kind or None)
