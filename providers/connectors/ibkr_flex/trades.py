"""Trades: the security and its cash in one transaction, and a leg of its own for each further currency."""

from collections.abc import Iterator
from decimal import Decimal

from providers.connectors.ibkr_flex import kinds
from providers.connectors.ibkr_flex.document import Row, require
from providers.connectors.ibkr_flex.reading import PAIR, Counts, converts, transaction
from providers.connectors.ibkr_flex.values import Misread
from providers.records import Details, Kind, TransactionRecord


def trade(row: Row, counts: Counts) -> Iterator[TransactionRecord]:
    """The transactions of one execution, order or confirmation. Raises Misread."""
    event, own = _event(row), row.text("transactionID")
    word = " ".join(filter(None, (row.text("transactionType"), row.text("buySell"))))
    if converts(row):
        yield from _conversion(row, own, event, word)
        _count_commission(row, counts, "ibCommission", "commission")
        return
    amount, apart = _cash(row)
    details: Details = {}
    if taxes := row.number("taxes", "tax"):
        details["taxes"] = format(-taxes, "f")
    commission = row.number("ibCommission", "commission")
    yield transaction(
        row,
        id=own,
        amount=amount,
        kind=_kind(row, counts),
        word=word,
        details=details,
        quantity=_quantity(row),
        price=row.number("tradePrice", "price"),
        fees=None if apart or commission is None else _positive(-commission),
        event=event,
    )
    if apart:
        yield _commission(row, own, event)
    _count_commission(row, counts, "netCash", "ibCommission", "commission")


def _count_commission(row: Row, counts: Counts, *told: str) -> None:
    """Count a trade that may have cost more than it tells."""
    if row.number(*told) is None:
        counts.unknown["commission of a trade"] += 1


def _conversion(row: Row, id: str, event: str, word: str) -> Iterator[TransactionRecord]:
    """A leg for each currency: the first of the pair by its quantity, the second by the proceeds."""
    pair = PAIR.match(row.text("symbol")) or PAIR.match(row.text("description"))
    if pair is None or pair[2] != row.currency:
        raise Misread("symbol")
    units, price = require(_quantity(row), "quantity"), row.number("tradePrice", "price")
    proceeds = row.number("proceeds")
    if proceeds is None:
        money = require(row.number("tradeMoney", "amount"), "proceeds")
        proceeds = -abs(money) if units > 0 else abs(money)
    for currency, amount, leg in ((pair[1], units, ""), (pair[2], proceeds, ":2")):
        yield transaction(
            row,
            id=id + leg if id else "",
            amount=amount,
            currency=currency,
            kind=Kind.JOURNAL,
            word=word,
            price=price,
            event=event,
        )
    if row.number("ibCommission", "commission"):
        yield _commission(row, id, event)


def _commission(row: Row, id: str, event: str) -> TransactionRecord:
    return transaction(
        row,
        id=f"{id}:fee" if id else "",
        amount=require(row.number("ibCommission", "commission"), "ibCommission"),
        currency=require(row.text("ibCommissionCurrency", "commissionCurrency"), "ibCommissionCurrency"),
        kind=Kind.FEE,
        word="Commission",
        event=event,
    )


def _cash(row: Row) -> tuple[Decimal, bool]:
    """The effect on cash in the trade's currency, and whether the commission is another currency's.

    Without the field Net Cash it is worked out: what is not paid for costs its commission and taxes alone. Raises
    Misread where it is not known which of both an asset is.
    """
    net, proceeds = row.number("netCash"), row.number("proceeds")
    taxes = row.number("taxes", "tax") or Decimal(0)
    commission = row.number("ibCommission", "commission") or Decimal(0)
    foreign = row.text("ibCommissionCurrency", "commissionCurrency") not in ("", row.currency)
    apart = bool(commission) and foreign
    if net is not None:
        if apart and proceeds is not None and net == proceeds + taxes + commission:
            apart = False  # the same sum in both: the currency was named for the commission's tariff only
        return net, apart
    asset = row.text("assetCategory")
    if asset in kinds.ON_MARGIN:
        require(row.number("ibCommission", "commission"), "netCash")
        proceeds = Decimal(0)
    elif proceeds is None:
        proceeds = -_money(row)  # what came in with a sale is below zero there
    elif asset not in kinds.PAID_IN_FULL and asset not in kinds.PAID_BY_PERCENT:
        raise Misread("netCash")
    return proceeds + taxes + (Decimal(0) if apart else commission), apart


def _money(row: Row) -> Decimal:
    asset, money = row.text("assetCategory"), row.number("tradeMoney", "amount")
    if asset not in kinds.PAID_IN_FULL and (money is None or asset not in kinds.PAID_BY_PERCENT):
        raise Misread("netCash")
    if money is not None:
        return abs(money) if (_quantity(row) or money) > 0 else -abs(money)
    multiplier = row.number("multiplier")
    if kinds.PAID_IN_FULL[asset]:
        multiplier = Decimal(1)
    units, price = (
        require(_quantity(row), "quantity"),
        require(row.number("tradePrice", "price"), "tradePrice"),
    )
    return units * price * require(multiplier, "multiplier")


def _quantity(row: Row) -> Decimal | None:
    """The change in units; where IBKR says which way, with the sign of that."""
    units, sign = row.number("quantity"), kinds.BOUGHT.get(row.text("buySell"))
    return units if units is None or sign is None else sign * abs(units)


def _kind(row: Row, counts: Counts) -> Kind:
    """Buy or sell, also of one that is cancelled; the end of an option; a reinvestment."""
    word, form = row.text("buySell"), row.text("transactionType")
    if form and form not in kinds.TRADE_TYPES:
        counts.unknown[f"transactionType {form}"] += 1
        return Kind.UNKNOWN
    codes = {code.strip() for code in row.text("notes", "code").split(";")}
    if row.text("assetCategory") in kinds.OPTIONS and codes & kinds.OPTION_ENDS:
        return Kind.OPTION
    if word and word not in kinds.BOUGHT:
        counts.unknown[f"buySell {word}"] += 1
        return Kind.UNKNOWN
    units = row.number("quantity")
    if not word and not units:
        return Kind.UNKNOWN
    taken_back = form.endswith("Cancel")  # whose units go the other way
    buys = word.startswith("BUY") if word else ((units or 0) > 0) is not taken_back
    if kinds.REINVESTED in codes and buys:
        return Kind.REINVESTMENT
    return Kind.BUY if buys else Kind.SELL


def _event(row: Row) -> str:
    """The same for an execution, for its cancellation and for its correction."""
    number = row.text("tradeID") or row.text("origTradeID")
    if number and number != "0":
        return f"trade:{number}"
    own = row.text("transactionID")
    return f"row:{own}" if own else ""


def _positive(value: Decimal) -> Decimal:
    return value or Decimal(0)
