"""Accounts, cash, positions and activities at SnapTrade."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from providers.simulator.books.customers import Account, Kind
from providers.simulator.books.entries import Entry
from providers.simulator.books.ledger import Ledger
from providers.simulator.books.securities import SECURITIES
from providers.simulator.responses import plain
from providers.simulator.snaptrade.calls import Call, Refusal
from providers.simulator.snaptrade.state import BROKERAGE, Connection, ids

KINDS = {"ETF": "etf", "EQUITY": "stock", "MUTUAL_FUND": "mutualfund"}
CODES = {"ETF": "et", "EQUITY": "cs", "MUTUAL_FUND": "oef"}
TYPES = {
    "BUY": "BUY",
    "SELL": "SELL",
    "DIVIDEND": "DIVIDEND",
    "REINVESTMENT": "REI",
    "INTEREST": "INTEREST",
    "FEE": "FEE",
    "TRANSFER": "CONTRIBUTION",
}
MOST = 1000
USD = {"id": ids("currency", "USD"), "code": "USD", "name": "US Dollar"}


def authorizations(call: Call) -> list[dict[str, Any]]:
    """`GET /authorizations`."""
    return [
        {
            "id": each.id,
            "created_date": _time(each.created),
            "brokerage": {
                "id": ids("brokerage"),
                "slug": "LIGHTHOUSE",
                "name": BROKERAGE,
                "display_name": BROKERAGE,
                "enabled": True,
                "maintenance_mode": False,
            },
            "name": f"{BROKERAGE} connection",
            "type": "read",
            "disabled": each.disabled,
            "disabled_date": _time(each.created) if each.disabled else None,
        }
        for each in call.connections
    ]


def accounts(call: Call) -> list[dict[str, Any]]:
    """`GET /accounts`: those of disabled connections too, as they were."""
    return [
        _account(call, connection, account)
        for connection in call.connections
        for account in connection.customer.accounts
        if account.kind is Kind.BROKERAGE
    ]


def balances(call: Call, id: str) -> list[dict[str, Any]]:
    """`GET /accounts/{accountId}/balances`."""
    ledger, account = _open(call, id)
    cash = ledger.balance(account, ledger.through).available
    return [{"currency": USD, "cash": cash, "buying_power": cash}]


def positions(call: Call, id: str) -> dict[str, Any]:
    """`GET /accounts/{accountId}/positions/all`: decimals as text, the cost of one unit."""
    ledger, account = _open(call, id)
    rows = [
        {
            "instrument": _instrument(row.security_id),
            "units": plain(row.units),
            "price": plain(row.price),
            "cost_basis": plain(row.cost_basis / row.units),
            "currency": account.currency,
            "cash_equivalent": False,
        }
        for row in ledger.holdings(account, ledger.through)
    ]
    return {"results": rows, "data_freshness": {"as_of": f"{ledger.through}T22:00:00Z"}}


def activities(call: Call, id: str) -> dict[str, Any]:
    """`GET /accounts/{accountId}/activities`: newest first."""
    ledger, account = _open(call, id)
    asked = call.request.GET
    offset, limit = int(asked.get("offset", 0)), min(int(asked.get("limit", MOST)), MOST)
    first = date.fromisoformat(asked.get("startDate", ledger.start.isoformat()))
    last = date.fromisoformat(asked.get("endDate", ledger.through.isoformat()))
    rows = [
        entry
        for entry in reversed(ledger.posted(account, ledger.through))
        if first <= entry.settles_on <= last
    ]
    return {
        "data": [_activity(id, account, entry) for entry in rows[offset : offset + limit]],
        "pagination": {"offset": offset, "limit": limit, "total": len(rows)},
    }


def _open(call: Call, id: str) -> tuple[Ledger, Account]:
    connection, account = call.account(id)
    if connection.disabled:
        raise Refusal(402, "3003", "The connection is disabled")
    return call.bank.ledger(connection.customer.id), account


def _account(call: Call, connection: Connection, account: Account) -> dict[str, Any]:
    ledger = call.bank.ledger(connection.customer.id)
    return {
        "id": connection.account_id(account.id),
        "brokerage_authorization": connection.id,
        "name": account.nickname,
        "number": f"****{account.last4}",
        "institution_account_id": account.id,
        "institution_name": BROKERAGE,
        "created_date": _time(connection.created),
        "sync_status": {
            "transactions": {
                "initial_sync_completed": True,
                "last_successful_sync": ledger.through.isoformat(),
                "first_transaction_date": ledger.start.isoformat(),
            },
            "holdings": {
                "initial_sync_completed": True,
                "last_successful_sync": f"{ledger.through}T22:00:00Z",
                "holdings_unavailable": False,
            },
        },
        "balance": {
            "total": {
                "amount": ledger.balance(account, ledger.through).current,
                "currency": account.currency,
            }
        },
        "status": "open",
        "raw_type": "Individual",
        "account_category": "INVESTMENT",
        "is_paper": False,
    }


def _instrument(security_id: str) -> dict[str, Any]:
    found = SECURITIES[security_id]
    return {
        "kind": KINDS[found.type],
        "id": ids("security", found.id),
        "symbol": found.symbol,
        "raw_symbol": found.symbol,
        "description": found.name,
        "currency": "USD",
        "exchange": None,
    }


def _activity(account_id: str, account: Account, entry: Entry) -> dict[str, Any]:
    """A row; a dividend repeats how many units it was paid for, which changes nothing."""
    trade = entry.trade
    when = datetime.combine(entry.settles_on, time(), UTC)
    found = SECURITIES[trade.security_id] if trade else None
    return {
        "id": ids(account_id, entry.id),
        "symbol": found
        and {
            "id": ids("security", found.id),
            "symbol": found.symbol,
            "raw_symbol": found.symbol,
            "description": found.name,
            "currency": USD,
            "type": {"id": ids("type", found.type), "code": CODES[found.type], "description": found.type},
        },
        "option_symbol": None,
        "price": (trade.unit_price if trade else None) or Decimal(0),
        "units": entry.unit_change if trade and trade.units is not None else Decimal(0),
        "amount": entry.amount,
        "currency": USD,
        "type": TYPES[entry.type],
        "option_type": "",
        "description": entry.description,
        "trade_date": _time(when),
        "settlement_date": _time(when),
        "fee": (trade.fees if trade else None) or Decimal(0),
        "fx_rate": None,
        "institution": BROKERAGE,
        "external_reference_id": None,
    }


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
