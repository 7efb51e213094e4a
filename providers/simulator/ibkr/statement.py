"""An activity statement of the household's portfolio, for the last 365 days or a window that was asked for."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement
from zoneinfo import ZoneInfo

from providers.simulator.books.brokerage import Holding, Lot, worth
from providers.simulator.books.customers import Account
from providers.simulator.books.dice import digest
from providers.simulator.books.entries import Entry
from providers.simulator.books.ledger import Ledger
from providers.simulator.books.securities import SECURITIES
from providers.simulator.ibkr.state import account_id, portfolio
from providers.simulator.responses import plain

PERIOD = timedelta(days=364)
ZONE = ZoneInfo("America/New_York")  # of times without an offset
FUND = "MUTUAL_FUND"
TRADES = ("BUY", "SELL", "REINVESTMENT")
CASH = {
    "DIVIDEND": "Dividends",
    "INTEREST": "Broker Interest Received",
    "FEE": "Other Fees",
    "TRANSFER": "Deposits/Withdrawals",
}
Fields = dict[str, object]


Window = tuple[date, date]


def window_of(ledger: Ledger, asked: Window | None) -> Window | None:
    """The days of a statement: those asked for, as far as there are any; by default the query's own."""
    first, last = asked or (ledger.through - PERIOD, ledger.through)
    first, last = max(first, ledger.start), min(last, ledger.through)
    return (first, last) if first <= last else None


def document(ledger: Ledger, now: datetime, without: Sequence[str], window: Window) -> Element:
    """The document. `without` names sections, and fields as `Trade.transactionID`, that the query leaves out."""
    root = Element("FlexQueryResponse", {"queryName": "Dashtam", "type": "AF"})
    account = portfolio(ledger.customer)
    listed = SubElement(root, "FlexStatements", {"count": "1" if account else "0"})
    if account is None:
        return root
    first, last = window
    named: Fields = {
        "accountId": account_id(account),
        "fromDate": _day(first),
        "toDate": _day(last),
        "period": "Last365CalendarDays",
        "whenGenerated": f"{now:%Y%m%d;%H%M%S}",
    }
    statement = SubElement(listed, "FlexStatement", _texts(named))
    rows = [entry for entry in ledger.posted(account, last) if first <= entry.settles_on <= last]
    sections: dict[str, Iterable[tuple[str, Fields]]] = {
        "EquitySummaryInBase": _worth(ledger, account, first, last),
        "CashReport": _cash_report(ledger, account, first, last),
        "OpenPositions": _positions(ledger, account, last),
        "Trades": [("Trade", _trade(row)) for row in rows if row.type in TRADES],
        "CashTransactions": [("CashTransaction", _cash(row)) for row in rows if row.type not in TRADES],
        "CorporateActions": [],
        "Transfers": [],
        "SalesTaxes": [],
        "SecuritiesInfo": [("SecurityInfo", _security(name)) for name in SECURITIES],
    }
    about: Fields = {"currency": account.currency, "acctAlias": account.nickname, "accountType": "Individual"}
    if "AccountInformation" not in without:
        SubElement(
            statement, "AccountInformation", _kept("AccountInformation", _own(account, about), without)
        )
    for section, found in sections.items():
        if section not in without:
            part = SubElement(statement, section)
            for tag, fields in found:
                own = fields if tag == "SecurityInfo" else _own(account, fields)
                SubElement(part, tag, _kept(tag, own, without))
    return root


def _own(account: Account, fields: Fields) -> Fields:
    return {"accountId": account_id(account), "model": "", **fields}


def _kept(tag: str, fields: Fields, without: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in _texts(fields).items() if f"{tag}.{name}" not in without}


def _texts(fields: Fields) -> dict[str, str]:
    return {
        name: plain(value) or "" if isinstance(value, Decimal) else str(value)
        for name, value in fields.items()
    }


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def _contract(name: str) -> Fields:
    security = SECURITIES[name]
    return {
        "assetCategory": "FUND" if security.type == FUND else "STK",
        "subCategory": "ETF" if security.type == "ETF" else "COMMON" if security.type == "EQUITY" else "",
        "symbol": security.symbol,
        "description": security.name.upper(),
        "conid": int(digest("ibkr", name), 16) % 10**8,
        "securityID": security.isin or "",
        "securityIDType": "ISIN" if security.isin else "",
        "cusip": security.cusip or "",
        "isin": security.isin or "",
        "multiplier": 1,
    }


def _security(name: str) -> Fields:
    return {**_contract(name), "currency": "USD"}


def _booking(entry: Entry) -> Fields:
    return {
        "currency": "USD",
        "fxRateToBase": 1,
        "transactionID": int(digest("ibkr", entry.id), 16) % 10**11,
        "reportDate": _day(entry.settles_on),
        "dateTime": f"{entry.at:%Y%m%d;%H%M%S}",
        "levelOfDetail": "DETAIL",
    }


def _trade(entry: Entry) -> Fields:
    if entry.trade is None:
        raise ValueError("A trade has a security.")
    fees = entry.trade.fees or Decimal(0)
    return {
        **_contract(entry.trade.security_id),
        **_booking(entry),
        "tradeID": int(digest("trade", entry.id), 16) % 10**10,
        "tradeDate": _day(entry.at.date()),
        "settleDateTarget": _day(entry.settles_on + timedelta(days=1)),
        "transactionType": "ExchTrade",
        "exchange": "NYSE",
        "quantity": entry.unit_change,
        "tradePrice": entry.trade.unit_price or Decimal(0),
        "tradeMoney": -(entry.amount + fees),
        "proceeds": entry.amount + fees,
        "taxes": 0,
        "ibCommission": -fees,
        "ibCommissionCurrency": "USD",
        "netCash": entry.amount,
        "openCloseIndicator": "C" if entry.type == "SELL" else "O",
        "notes": "R" if entry.type == "REINVESTMENT" else "",
        "buySell": "SELL" if entry.type == "SELL" else "BUY",
        "levelOfDetail": "EXECUTION",
    }


def _cash(entry: Entry) -> Fields:
    found = {**_booking(entry), "settleDate": _day(entry.settles_on), "amount": entry.amount}
    contract = _contract(entry.trade.security_id) if entry.trade else {}
    return {**contract, **found, "type": CASH[entry.type], "description": entry.description}


def _positions(ledger: Ledger, account: Account, last: date) -> list[tuple[str, Fields]]:
    found: list[tuple[str, Fields]] = []
    for row in ledger.holdings(account, last):
        both: Fields = {
            **_contract(row.security_id),
            "currency": "USD",
            "fxRateToBase": 1,
            "reportDate": _day(last),
            "position": row.units,
            "markPrice": row.price,
            "positionValue": row.value,
            "costBasisMoney": row.cost_basis,
            "side": "Long",
        }
        found.append(("OpenPosition", {**both, "levelOfDetail": "SUMMARY"}))
        found.extend(("OpenPosition", {**both, **_lot(row, lot, last)}) for lot in row.lots)
    return found


def _lot(row: Holding, lot: Lot, last: date) -> Fields:
    return {
        "position": lot.units,
        "positionValue": worth(row.security_id, lot.units, last),
        "openPrice": lot.price,
        "costBasisMoney": lot.cost,
        "levelOfDetail": "LOT",
        "openDateTime": f"{lot.at.astimezone(ZONE):%Y%m%d;%H%M%S}",
        "originatingTransactionID": int(digest("ibkr", lot.id), 16) % 10**11,
    }


def _cash_report(ledger: Ledger, account: Account, first: date, last: date) -> list[tuple[str, Fields]]:
    ending = ledger.balance(account, last).available
    both: Fields = {
        "fromDate": _day(first),
        "toDate": _day(last),
        "endingCash": ending,
        "endingSettledCash": ending,
    }
    return [
        ("CashReportCurrency", {"currency": "BASE_SUMMARY", "levelOfDetail": "BaseCurrency", **both}),
        ("CashReportCurrency", {"currency": account.currency, "levelOfDetail": "Currency", **both}),
    ]


def _worth(ledger: Ledger, account: Account, first: date, last: date) -> list[tuple[str, Fields]]:
    days = ledger.balances(account, max(first, last - timedelta(days=30)), last)
    return [
        (
            "EquitySummaryByReportDateInBase",
            {
                "currency": account.currency,
                "reportDate": _day(day),
                "cash": balance.available,
                "stock": balance.current - balance.available,
                "total": balance.current,
            },
        )
        for day, balance in sorted(days.items())
    ]
