"""Cash without a trade, corporate actions, transfers and taxes, as transactions."""

from decimal import Decimal

from providers.connectors.ibkr_flex import kinds
from providers.connectors.ibkr_flex.document import Row, require
from providers.connectors.ibkr_flex.reading import Counts, moved, transaction
from providers.connectors.ibkr_flex.told import line_amount
from providers.connectors.ibkr_flex.values import Misread
from providers.records import Details, Kind, TransactionRecord

NO_CASH = frozenset({"FS", "RS", "FI", "CS", "CC", "SD", "SO", "CO", "IC", "PV", "RI", "DI", "HI", "HD"})


def cash(row: Row, counts: Counts) -> TransactionRecord:
    """A dividend, its tax, interest, a fee, a deposit or a withdrawal. Raises Misread."""
    amount, word = require(row.number("amount"), "amount"), row.text("type")
    kind = kinds.CASH_TYPES.get(" ".join(word.lower().split()))
    if kind is None:
        counts.unknown[f"type {word or '(none)'}"] += 1
        kind = Kind.UNKNOWN
    if kind == Kind.CASH_IN:
        kind = moved(amount)
    if kind == Kind.DIVIDEND:
        told = row.text("description")
        kind = next((better for form, better in kinds.DIVIDEND_WORDS if form.search(told)), kind)
    return transaction(
        row, id=row.text("transactionID"), amount=amount, kind=kind, word=word, event=_payment(row)
    )


def _payment(row: Row) -> str:
    """The same for a dividend and for the tax on it: IBKR's action, else the security and the moment of payment."""
    if action := row.text("actionID"):
        return f"action:{action}"
    paid, security = row.text("dateTime", "settleDate"), row.text("conid")
    return f"paid:{security}:{row.currency}:{paid}" if security and paid else ""


def action(row: Row, counts: Counts) -> TransactionRecord:
    """A corporate action: the change in units of one security, and the cash that it brought. Raises Misread."""
    word, told = row.text("type"), row.text("actionDescription", "description")
    amount, bought = row.number("proceeds"), row.number("amount")
    if amount is None and bought is not None:
        amount = -bought or Decimal(0)  # what came in is stated there as what was paid
    if amount is None and word in NO_CASH:
        amount = Decimal(0)
    kind = kinds.ACTIONS.get(word) if word else None
    if kind is None and not word:
        kind = next((kind for form, kind in kinds.ACTION_WORDS if form.search(told.upper())), None)
    if kind is None:
        counts.unknown[f"corporate action {word or '(none)'}"] += 1
        kind = Kind.UNKNOWN
    details: Details = {}
    if found := kinds.SPLIT.search(told.upper()):
        details["split"] = f"{found[1]}:{found[2]}"
    return transaction(
        row,
        id=row.text("transactionID"),
        amount=require(amount, "proceeds"),
        kind=kind,
        word=word,
        description=told,
        quantity=row.number("quantity"),
        details=details,
        event=_happening(row, told),
    )


def _happening(row: Row, told: str) -> str:
    if action := row.text("actionID"):
        return f"action:{action}"
    return f"action:{row.text('dateTime', 'reportDate')}:{told.rpartition(' (')[0] or told}"


def transfer(row: Row, counts: Counts) -> TransactionRecord:
    """Securities or cash from or to another account. Raises Misread."""
    word, way = row.text("type", "transactionType"), row.text("direction").upper()
    sign = {"IN": 1, "TO": 1, "OUT": -1, "FROM": -1}.get(way)
    units, money = row.number("quantity"), row.number("cashTransfer", "netCash")
    if row.text("assetCategory") == "CASH":
        money, units = money or row.number("positionAmount", "quantity"), None
        require(money, "cashTransfer")
    if sign is not None and row.tag == "Transfer":
        units = units if units is None else sign * abs(units)
        money = money if money is None else sign * abs(money)
    elif row.tag == "TradeTransfer":
        require(money, "netCash")
    if units is None and money is None:
        raise Misread("quantity")  # neither securities nor money: nothing is known of what was moved
    return transaction(
        row,
        id=row.text("transactionID"),
        amount=money or Decimal(0),
        kind=Kind.TRANSFER,
        word=word,
        description=" ".join(filter(None, (word, way, row.text("description", "symbol")))),
        quantity=units,
        price=row.number("transferPrice", "tradePrice") or None,
    )


def sales_tax(row: Row, counts: Counts) -> TransactionRecord:
    """Tax on a service of the broker. Raises Misread."""
    taxed = row.text("taxableTransactionID")
    return transaction(
        row,
        id=row.text("transactionID"),
        amount=require(row.number("salesTax"), "salesTax"),
        kind=Kind.TAX,
        word=row.text("taxType") or "SalesTax",
        description=" ".join(filter(None, (row.text("taxType"), row.text("taxableDescription")))),
        event=f"row:{taxed}" if taxed else "",
    )


def transaction_tax(row: Row, counts: Counts) -> TransactionRecord:
    """Tax on a trade that its trade does not count yet. Raises Misread."""
    traded = row.text("tradeId", "tradeID")
    return transaction(
        row,
        id=row.text("transactionID"),
        amount=require(row.number("taxAmount"), "taxAmount"),
        kind=Kind.TAX,
        word="TransactionTax",
        description=row.text("taxDescription", "description"),
        event=f"trade:{traded}" if traded else "",
    )


def card(row: Row, counts: Counts) -> TransactionRecord:
    """A payment with IBKR's debit card. Raises Misread."""
    merchant = row.text("merchantNameLocation")
    told: Details = {"counterparty": merchant} if merchant else {}
    return transaction(
        row,
        id=row.text("transactionID"),
        amount=require(row.number("amount"), "amount"),
        kind=Kind.PURCHASE,
        word="DebitCard",
        description=merchant,
        category=row.text("category"),
        details=told,
        day=row.day("reportDate", "postingDate", "transactionDateTime"),
    )


def charge(row: Row, counts: Counts) -> TransactionRecord:
    """Financing of a contract for difference. Raises Misread."""
    return transaction(
        row,
        id=row.text("transactionID", "transactionId"),
        amount=require(row.number("total", "amount"), "total"),
        kind=Kind.INTEREST,
        word="CFDCharge",
        description=row.text("activityDescription", "description"),
    )


def grant(row: Row, counts: Counts) -> TransactionRecord:
    """Shares that IBKR has given. Raises Misread."""
    return transaction(
        row,
        id=row.text("transactionID"),
        amount=Decimal(0),
        kind=Kind.TRANSFER,
        word="StockGrant",
        description=row.text("activityDescription", "description"),
        quantity=require(row.number("quantity"), "quantity"),
        price=row.number("price"),
        day=row.day("reportDate", "awardDate"),
    )


def option(row: Row, counts: Counts) -> TransactionRecord:
    """An option exercised, assigned or expired, or the trade that came of it. Raises Misread."""
    word = row.text("transactionType")
    kind = {"Buy": Kind.BUY, "Sell": Kind.SELL}.get(word, Kind.OPTION)
    costs = row.number("commisionsAndTax") or Decimal(0)
    number = row.text("tradeID")
    return transaction(
        row,
        id="",
        amount=require(row.number("proceeds"), "proceeds") + costs,
        kind=kind,
        word=word,
        quantity=row.number("quantity"),
        price=row.number("tradePrice"),
        event=f"trade:{number}" if number else "",
    )


def line(row: Row, counts: Counts) -> TransactionRecord:
    """A line of the Statement of Funds, where no other section tells it. Raises Misread."""
    word = row.text("activityCode")
    kind = kinds.ACTIVITY_KINDS.get(word)
    if kind is None:
        counts.unknown[f"activityCode {word or '(none)'}"] += 1
    number, units, left = row.text("tradeID"), row.number("tradeQuantity"), row.number("balance")
    details: Details = {} if left is None else {"balance_after": format(left, "f")}
    return transaction(
        row,
        id=row.text("transactionID"),
        amount=require(line_amount(row), "amount"),
        kind=kind or Kind.UNKNOWN,
        word=word,
        description=row.text("activityDescription", "description"),
        quantity=units if kind in (Kind.BUY, Kind.SELL) else None,
        price=row.number("tradePrice") or None,
        details=details,
        event=f"trade:{number}" if number else "",
    )
