"""Trades of brokers' tables: the security, the units that move, and two rows that are one trade."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from providers.formats.csv.cells.numbers import is_currency, is_nothing
from providers.formats.csv.reading.values import Rejected
from providers.formats.statement import Security, StatementTransaction
from providers.formats.values import clean_id, clean_text
from providers.records import Kind

_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_CONVERTED = re.compile(
    r"\bConverted ([0-9][0-9,]*(?:\.[0-9]+)?) ([A-Z0-9]{2,12}) to ([0-9][0-9,]*(?:\.[0-9]+)?) ([A-Z0-9]{2,12})\b"
)
_CUSIP = re.compile(r"(?=.*[0-9].*[0-9].*[0-9])[0-9A-Z]{8}[0-9]")
_COINS = {
    "XXBT": "BTC", "XBT": "BTC", "XETH": "ETH", "XXRP": "XRP", "XLTC": "LTC", "XXLM": "XLM", "XXMR": "XMR",
    "XZEC": "ZEC", "XETC": "ETC", "XXDG": "DOGE",
}  # fmt: skip
FEE_CREDITS = frozenset({"KFEE"})  # what an exchange takes fees from, and nobody can own otherwise
_UNMOVED = frozenset(
    {Kind.DIVIDEND, Kind.INTEREST, Kind.FEE, Kind.TAX, Kind.CAPITAL_GAIN, Kind.DEBIT, Kind.CREDIT}
)


def coin(code: str) -> bool:
    """True for the code of a coin: what is no currency of a country."""
    return bool(code) and not is_currency(code)


def security_of(isin: str, symbol: str, name: str, *, coin: bool = False) -> Security | None:
    """The security that a row names, by the strongest of its names; None if it names none."""
    isin, symbol = isin.strip().upper(), "" if is_nothing(symbol) else clean_id(symbol.strip())[:40]
    title = clean_text(name, 200) or None
    if coin and symbol and is_currency(symbol):
        return None
    if _ISIN.fullmatch(isin) or _ISIN.fullmatch(symbol):
        code = isin if _ISIN.fullmatch(isin) else symbol
        return Security(unique_id=code, id_type="ISIN", symbol=symbol if symbol != code else None, name=title)
    if not symbol:
        return None
    symbol = _COINS.get(symbol, symbol) if coin else symbol
    if _CUSIP.fullmatch(symbol):
        return Security(unique_id=symbol, id_type="CUSIP", name=title)
    return Security(
        unique_id=symbol, id_type="COIN" if coin else "TICKER", symbol=symbol, name=symbol if coin else title
    )


def kind_and_units(
    kind: Kind, units: Decimal | None, amount: Decimal, *, coin: bool
) -> tuple[Kind, Decimal | None, Decimal]:
    """Kind, units that move and cash that moves, of a row about a security.

    A dividend names how many units it is paid for, and moves none. A coin that is sent or earned moves no cash.
    """
    if kind is Kind.REINVESTMENT:  # tables have the income in a row of its own
        kind = Kind.BUY if units and amount <= 0 else Kind.DIVIDEND
    if kind in _UNMOVED and not coin:
        return kind, None, amount
    if not units:
        return kind, None, amount
    if kind is Kind.BUY:
        return kind, abs(units), amount
    if kind is Kind.SELL:
        return kind, -abs(units), amount
    if coin:
        kind = Kind.TRANSFER if kind in {Kind.DEBIT, Kind.CREDIT, Kind.PURCHASE} else kind
        return kind, units, Decimal(0)
    return kind, units, amount


def by_units(kind: Kind, units: Decimal | None, amount: Decimal) -> Kind:
    """The kind of a row in a table that has no word for it: units that come for money, or go for money."""
    if kind not in {Kind.DEBIT, Kind.CREDIT} or not units or (units > 0) == (amount > 0) or not amount:
        return kind
    return Kind.BUY if units > 0 else Kind.SELL


def converted(row: StatementTransaction) -> list[StatementTransaction]:
    """Both legs of a coin that was changed into another one, which only the note names. Raises Rejected."""
    match, coins = _CONVERTED.search(row.description), row.security
    if match is None or coins is None or not row.quantity:
        raise Rejected("A coin was changed into another one, and the note does not say into which.")
    gone, code, got, other = match.groups()
    units, others = (Decimal(text.replace(",", "")) for text in (gone, got))
    if units != abs(row.quantity) or _COINS.get(code, code) != coins.symbol:
        raise Rejected("A coin was changed into another one, and the note says something else than the row.")
    out = replace(row, kind=Kind.TRANSFER, quantity=-units, amount=Decimal(0), fees=None)
    into = security_of("", other, "", coin=True)
    if into is None:  # money
        return [replace(out, kind=Kind.SELL, amount=others, currency=other)]
    return [out, replace(out, security=into, quantity=others, price=None)]


def joined_trades(rows: Iterable[StatementTransaction]) -> list[StatementTransaction]:
    """The rows, where a leg of cash and a leg of units of one reference became one trade."""
    listed = list(rows)
    groups: dict[str, list[StatementTransaction]] = {}
    for row in listed:
        if row.reference:
            groups.setdefault(row.reference, []).append(row)
    merged: dict[int, StatementTransaction] = {}
    dropped: set[int] = set()
    for group in groups.values():
        cash = [row for row in group if row.security is None and row.kind is not Kind.FEE and row.amount]
        units = [row for row in group if row.security is not None and row.quantity]
        if len(cash) != 1 or len(units) != 1 or (cash[0].amount > 0) == ((units[0].quantity or 0) > 0):
            continue
        fees = [row for row in group if row.kind is Kind.FEE and row.security is None]
        bought = cash[0].amount < 0
        merged[id(cash[0])] = replace(
            cash[0],
            kind=Kind.BUY if bought else Kind.SELL,
            security=units[0].security,
            quantity=units[0].quantity,
            amount=cash[0].amount + sum((row.amount for row in fees), Decimal(0)),
            fees=-sum((row.amount for row in fees), Decimal(0)) or None,
        )
        dropped |= {id(row) for row in (*units, *fees)}
        dropped |= {id(row) for row in group if row.security is not None and not row.quantity}
    return [merged.get(id(row), row) for row in listed if id(row) not in dropped]
