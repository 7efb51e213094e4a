"""The outcome of reading a document, and the parts that all its transactions have in common."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from providers.connectors.ibkr_flex.document import Row, require
from providers.connectors.ibkr_flex.kinds import SECURITY_TYPES, SHARE_TYPES
from providers.records import (
    AccountRecord,
    BalanceRecord,
    Details,
    HoldingsRecord,
    Kind,
    SecurityRecord,
    TransactionRecord,
)

PAIR = re.compile(r"([A-Z]{3})[./]([A-Z]{3})")  # a currency, and that which it is paid in


@dataclass(slots=True)
class Counts:
    """The rows that became transactions; those that are none, by reason; words that no table has; rows not read."""

    read: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        """Count the other's as well."""
        self.read += other.read
        self.left_out += other.left_out
        self.unknown += other.unknown
        self.refused += other.refused


@dataclass(slots=True)
class Reading:
    """One account's statement as records, and the window of days that it states completely, if it does.

    `period` is that of the statement, whole or not; `opened` the day on which the account was.
    """

    account: AccountRecord
    rows: Sequence[TransactionRecord]
    holdings: HoldingsRecord | None
    balances: Sequence[BalanceRecord]
    covers: tuple[date, date] | None
    counts: Counts
    period: tuple[date, date] | None = None
    opened: date | None = None


def transaction(
    row: Row, *, id: str, amount: Decimal, kind: str, word: str, **more: Any
) -> TransactionRecord:
    """A posted transaction, of the day that its statement counts it in. Raises Misread."""
    day = require(more.pop("day", None) or reported(row), "reportDate")
    settled = row.day("settleDateTarget", "settleDate", "targetSettlement")
    details: Details = more.pop("details", {})
    if event := more.pop("event", ""):
        details["event"] = event
    if settled and settled != day:
        details["settled_on"] = settled.isoformat()
    return TransactionRecord(
        id=id,
        date=day,
        posted_at=datetime.combine(day, time.min, UTC),
        status="posted",
        amount=amount,
        currency=more.pop("currency", None) or row.currency,
        description=more.pop("description", "") or row.text("description", "activityDescription", "symbol"),
        kind=str(kind),
        source_code=word,
        security_id=more.pop("security", None) or security_id(row),
        details=details or None,
        **more,
    )


def reported(row: Row) -> date | None:
    """The day in whose statement a row stands; where the query leaves that out, the day it happened."""
    return row.day("reportDate", "tradeDate", "dateTime", "date", "settleDate")


def moved(amount: Decimal) -> Kind:
    """Cash in or out."""
    return Kind.CASH_IN if amount > 0 else Kind.CASH_OUT


def converts(row: Row) -> bool:
    """True for a currency bought with another; where the query leaves the asset out, its symbol says so."""
    if asset := row.text("assetCategory"):
        return asset == "CASH"
    pair = PAIR.fullmatch(row.text("symbol"))
    return pair is not None and pair[2] == row.text("currency")


def security_id(row: Row) -> str | None:
    """IBKR's contract id, else the best name that the row has for its security; none for a currency."""
    if converts(row):
        return None
    return row.text("conid", "isin", "figi", "securityID", "cusip", "symbol") or None


def security(row: Row) -> SecurityRecord | None:
    """The security that a row names, if any."""
    named = security_id(row)
    if named is None:
        return None
    asset, sub = row.text("assetCategory"), row.text("subCategory")
    form = row.text("securityIDType")
    return SecurityRecord(
        id=named,
        symbol=row.text("symbol"),
        name=row.text("description", "symbol") if row.tag in NAMING else row.text("symbol"),
        type=(SHARE_TYPES.get(sub, "") if asset == "STK" else "") or SECURITY_TYPES.get(asset, asset.lower()),
        cusip=row.text("cusip") or (row.text("securityID") if form == "CUSIP" else ""),
        isin=row.text("isin") or (row.text("securityID") if form == "ISIN" else ""),
        currency=row.text("currency"),
    )


NAMING = frozenset({"SecurityInfo", "OpenPosition", "Trade", "Order", "Lot", "TradeConfirm", "SymbolSummary"})
"""Elements whose description is the security's name; elsewhere it tells what happened."""
