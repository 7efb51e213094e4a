"""The household's accounts as a bridge shows them: money owed is negative, numbers are text, times are seconds."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from providers.simulator.books.brokerage import Holding
from providers.simulator.books.customers import Account, Kind
from providers.simulator.books.dice import digest
from providers.simulator.books.entries import Entry
from providers.simulator.books.ledger import Ledger
from providers.simulator.books.securities import SECURITIES
from providers.simulator.responses import plain
from providers.simulator.simplefin.state import connection_of, id_of

NOON = time(12, tzinfo=UTC)
PRICE = Decimal("0.0001")


def account_set(
    ledger: Ledger,
    start: datetime,
    end: datetime,
    *,
    pending: bool,
    balances_only: bool,
    only: Sequence[str],
    partial: bool,
) -> dict[str, Any]:
    """An answer of version 2. `partial`: the broker wants its person, and the first account failed."""
    listed = [each for each in ledger.customer.accounts if not only or id_of(each) in only]
    accounts = []
    for each in listed:
        found = _account(ledger, each)
        if not balances_only:
            rows = [
                _posted(row)
                for row in ledger.posted(each, ledger.through)
                if start <= _noon(row.settles_on) < end
            ]
            rows += [_pending(row) for row in ledger.pending(each, ledger.through)] if pending else []
            found["transactions"] = rows
            found["holdings"] = [_holding(each, row) for row in ledger.holdings(each, ledger.through)]
        accounts.append(found)
    errors = []
    if partial and listed:
        broker = next((each for each in listed if each.kind is Kind.BROKERAGE), listed[-1])
        conn, name = connection_of(ledger.customer, broker)
        errors.append({"code": "con.auth", "msg": f"Sign in again to {name}", "conn_id": conn})
        errors.append({"code": "act.failed", "msg": "Try again later.", "account_id": id_of(listed[0])})
        accounts[0]["transactions"] = []
    banks = dict(connection_of(ledger.customer, each) for each in listed)
    return {
        "errlist": errors,
        "connections": [_connection(conn, name) for conn, name in banks.items()],
        "accounts": accounts,
    }


def _connection(conn: str, name: str) -> dict[str, Any]:
    host = name.partition(" - ")[0].lower().replace(" ", "-")
    return {
        "conn_id": conn,
        "name": name,
        "org_id": f"ORG-{digest('simplefin', host)}",
        "org_name": name.partition(" - ")[0],
        "org_url": f"https://{host}.example",
        "sfin_url": f"https://{host}.example/simplefin",
    }


def _account(ledger: Ledger, each: Account) -> dict[str, Any]:
    conn, name = connection_of(ledger.customer, each)
    balance = ledger.balance(each, ledger.through)
    current = -balance.current if each.owed else balance.current
    return {
        "id": id_of(each),
        "conn_id": conn,
        "conn_name": name,
        "name": f"{each.official_name} ({each.last4})",
        "currency": each.currency,
        "balance": plain(current),
        "available-balance": plain(balance.available),
        "balance-date": _seconds(ledger.through),
        "extra": {},
    }


def _posted(entry: Entry) -> dict[str, Any]:
    return {
        "id": f"TRN-{entry.id}",
        "posted": _seconds(entry.settles_on),
        "transacted_at": int(entry.at.timestamp()),
        "amount": plain(entry.amount),
        "description": entry.description,
        "payee": entry.description[:60],
        "memo": "",
    }


def _pending(entry: Entry) -> dict[str, Any]:
    return {
        "id": f"TRN-{entry.pending_id}",
        "posted": 0,
        "transacted_at": int(entry.at.timestamp()),
        "amount": plain(entry.pending_amount),
        "description": entry.raw or entry.description,
        "pending": True,
    }


def _holding(account: Account, row: Holding) -> dict[str, Any]:
    security = SECURITIES[row.security_id]
    return {
        "id": f"HOL-{digest('simplefin', account.id, row.security_id)}",
        "created": 0,
        "currency": account.currency,
        "cost_basis": plain(row.cost_basis),
        "description": security.name,
        "market_value": plain(row.value),
        "purchase_price": plain((row.cost_basis / row.units).quantize(PRICE, ROUND_HALF_UP)),
        "shares": plain(row.units),
        "symbol": security.symbol,
    }


def _noon(day: date) -> datetime:
    return datetime.combine(day, NOON)


def _seconds(day: date) -> int:
    return int(_noon(day).timestamp())
