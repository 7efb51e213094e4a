"""Investments at Plaid: holdings with their lots, cash among them, and activities by window and offset."""

from datetime import date
from decimal import Decimal
from typing import Any

from providers.simulator.books.brokerage import Holding, Lot, worth
from providers.simulator.books.customers import Account
from providers.simulator.books.entries import Entry
from providers.simulator.books.ledger import Ledger
from providers.simulator.books.market import price
from providers.simulator.books.securities import SECURITIES
from providers.simulator.plaid.calls import Call, Refusal, endpoint
from providers.simulator.plaid.items import account, shown
from providers.simulator.plaid.state import Item

TYPES = {"ETF": "etf", "EQUITY": "equity", "MUTUAL_FUND": "mutual fund"}
WORDS = {
    "BUY": ("buy", "buy"),
    "SELL": ("sell", "sell"),
    "DIVIDEND": ("cash", "dividend"),
    "REINVESTMENT": ("buy", "dividend reinvestment"),
    "INTEREST": ("cash", "interest"),
    "FEE": ("fee", "account fee"),
    "TRANSFER": ("cash", "deposit"),
}
CASH = "sec_cash_usd"
DEFAULT_COUNT, MOST = 100, 500


@endpoint
def holdings(call: Call) -> dict[str, Any]:
    """`/investments/holdings/get`."""
    item = _investing(call)
    ledger = call.ledger(item)
    held = [(each, row) for each in item.investing for row in ledger.holdings(each, ledger.through)]
    cash = [_cash(item, ledger, each) for each in item.investing]
    names = {row.security_id for _, row in held}
    return {
        "accounts": [account(item, ledger, each) for each in item.investing],
        "holdings": [*cash, *(_holding(item, ledger, each, row) for each, row in held)],
        "securities": [_currency(), *(_security(name, ledger.through) for name in sorted(names))],
        "item": shown(item),
    }


@endpoint
def activities(call: Call) -> dict[str, Any]:
    """`/investments/transactions/get`: newest first."""
    item = _investing(call)
    ledger, first, last = call.ledger(item), _day(call, "start_date"), _day(call, "end_date")
    count = call.number(call.options.get("count"), DEFAULT_COUNT, MOST)
    offset = call.number(call.options.get("offset"), 0, 10**9)
    rows = [
        (each, entry)
        for each in item.investing
        for entry in reversed(ledger.posted(each, ledger.through))
        if first <= entry.settles_on <= last
    ]
    page = rows[offset : offset + count]
    names = {entry.trade.security_id for _, entry in page if entry.trade}
    return {
        "accounts": [account(item, ledger, each) for each in item.investing],
        "investment_transactions": [_activity(item, each, entry) for each, entry in page],
        "securities": [_security(name, ledger.through) for name in sorted(names)],
        "total_investment_transactions": len(rows),
        "item": shown(item),
    }


def _investing(call: Call) -> Item:
    item = call.open_item
    if not item.investing:
        raise Refusal("ITEM_ERROR", "NO_INVESTMENT_ACCOUNTS", "no investment accounts")
    return item


def _day(call: Call, name: str) -> date:
    try:
        return date.fromisoformat(str(call.given.get(name)))
    except ValueError as error:
        raise Refusal("INVALID_REQUEST", "INVALID_FIELD", f"{name} must be a date") from error


def _cash(item: Item, ledger: Ledger, each: Account) -> dict[str, Any]:
    amount = ledger.balance(each, ledger.through).available
    return _line(item, each, CASH, ledger.through, amount, Decimal(1), amount, amount)


def _holding(item: Item, ledger: Ledger, each: Account, row: Holding) -> dict[str, Any]:
    line = _line(item, each, row.security_id, ledger.through, row.units, row.price, row.value, row.cost_basis)
    return line | {"tax_lots": [_lot(item, ledger, row, lot) for lot in row.lots]}


def _lot(item: Item, ledger: Ledger, row: Holding, lot: Lot) -> dict[str, Any]:
    return {
        "institution_lot_id": item.own_id(lot.id),
        "original_purchase_datetime": f"{lot.at:%Y-%m-%dT%H:%M:%SZ}",
        "quantity": lot.units,
        "purchase_price": lot.price,
        "cost_basis": lot.cost,
        "current_value": worth(row.security_id, lot.units, ledger.through),
        "position_type": "LONG",
    }


def _line(
    item: Item,
    each: Account,
    security: str,
    day: date,
    units: Decimal,
    quote: Decimal,
    value: Decimal,
    cost: Decimal,
) -> dict[str, Any]:
    return {
        "account_id": item.own_id(each.id),
        "security_id": security,
        "institution_price": quote,
        "institution_price_as_of": day.isoformat(),
        "institution_price_datetime": None,
        "institution_value": value,
        "cost_basis": cost,
        "quantity": units,
        "iso_currency_code": each.currency,
        "unofficial_currency_code": None,
    }


def _security(id: str, day: date) -> dict[str, Any]:
    found = SECURITIES[id]
    return _named(
        id,
        name=found.name,
        ticker_symbol=found.symbol,
        type=TYPES[found.type],
        isin=found.isin,
        cusip=found.cusip,
        close_price=price(id, day),
        close_price_as_of=day.isoformat(),
    )


def _currency() -> dict[str, Any]:
    return _named(
        CASH,
        name="U S Dollar",
        ticker_symbol="CUR:USD",
        type="cash",
        is_cash_equivalent=True,
        close_price=Decimal(1),
    )


def _named(id: str, **known: Any) -> dict[str, Any]:
    empty = (
        "isin cusip sedol institution_security_id institution_id proxy_security_id subtype close_price "
        "close_price_as_of update_datetime unofficial_currency_code market_identifier_code sector industry "
        "cfi_code option_contract fixed_income"
    )
    usual: dict[str, Any] = dict.fromkeys(empty.split(), None)
    return usual | {"security_id": id, "is_cash_equivalent": False, "iso_currency_code": "USD"} | known


def _activity(item: Item, each: Account, entry: Entry) -> dict[str, Any]:
    """An activity: cash that leaves the account is positive, units that leave it are negative."""
    type_, subtype = WORDS[entry.type]
    trade = entry.trade
    return {
        "investment_transaction_id": item.own_id(entry.id),
        "cancel_transaction_id": None,
        "account_id": item.own_id(each.id),
        "security_id": trade.security_id if trade else None,
        "date": entry.settles_on.isoformat(),
        "name": entry.description,
        "quantity": entry.unit_change,
        "amount": -entry.amount,
        "price": (trade.unit_price if trade else None) or Decimal(0),
        "fees": trade.fees if trade else None,
        "type": type_,
        "subtype": subtype,
        "iso_currency_code": each.currency,
        "unofficial_currency_code": None,
    }
