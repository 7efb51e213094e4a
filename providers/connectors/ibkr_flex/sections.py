"""The sections of a statement: those whose rows are transactions, and why the others are none."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from providers.connectors.ibkr_flex import cash, told
from providers.connectors.ibkr_flex.document import SUMMARY, Row, Statement
from providers.connectors.ibkr_flex.reading import Counts
from providers.connectors.ibkr_flex.trades import trade
from providers.connectors.ibkr_flex.values import Misread
from providers.records import TransactionRecord

Read = Callable[[Row, Counts], Iterable[TransactionRecord]]

FINEST = (
    "EXECUTION",
    "DETAIL",
    "TRANSACTION",
    "TRANSFER",
    "CURRENCY",
    "BASECURRENCY",
    "ORDER",
    "SUMMARY",
    "SYMBOL_SUMMARY",
)
"""Levels of detail that say the same, the finest first; of a section only the finest that it has is read."""
UNKNOWN_LEVEL = -1
BY_TAG = {
    "Trade": "EXECUTION",
    "TradeConfirm": "EXECUTION",
    "CashTransaction": "DETAIL",
    "CorporateAction": "DETAIL",
    "Transfer": "TRANSFER",
    "Order": "ORDER",
    "SymbolSummary": "SYMBOL_SUMMARY",
    "AssetSummary": "ASSET_SUMMARY",
}
NEVER = {
    "CLOSED_LOT": "lots that a trade closed",
    "WASH_SALE": "notes on wash sales",
    "ASSET_SUMMARY": "sums",
    "Lot": "lots that a trade closed",
    "WashSale": "notes on wash sales",
    "TransferLot": "lots of a transfer",
    "TRANSFER_LOT": "lots of a transfer",
    "TransactionTaxDetail": "details of taxes",
}


def _one(read: Callable[[Row, Counts], TransactionRecord]) -> Read:
    return lambda row, counts: (read(row, counts),)


READ: dict[str, Read] = {
    "Trades": trade,
    "TradeConfirms": trade,
    "CashTransactions": _one(cash.cash),
    "CorporateActions": _one(cash.action),
    "Transfers": _one(cash.transfer),
    "TradeTransfers": _one(cash.transfer),
    "SalesTaxes": _one(cash.sales_tax),
    "TransactionTaxes": _one(cash.transaction_tax),
    "DebitCardActivities": _one(cash.card),
    "CFDCharges": _one(cash.charge),
    "StockGrantActivities": _one(cash.grant),
    "OptionEAE": _one(cash.option),
    "StmtFunds": _one(cash.line),
}
STATE = frozenset(
    [
        "AccountInformation",
        "OpenPositions",
        "CashReport",
        "EquitySummaryInBase",
        "SecuritiesInfo",
        "ConversionRates",
    ]
)
NO_TRANSACTIONS = {
    **dict.fromkeys(
        ("ChangeInNAV", "ChangeInPositionValues", "MTMPerformanceSummaryInBase", "MTDYTDPerformanceSummary"),
        "performance",
    ),
    **dict.fromkeys(("FIFOPerformanceSummaryInBase", "PriorPeriodPositions"), "performance"),
    **dict.fromkeys(("FxPositions", "FxTransactions"), "gains on currencies"),
    **dict.fromkeys(
        ("InterestAccruals", "TierInterestDetails", "HardToBorrowDetails"), "interest not due yet"
    ),
    **dict.fromkeys(("HardToBorrowMarkupDetails", "IncentiveCouponAccrualDetails"), "interest not due yet"),
    **dict.fromkeys(("ChangeInDividendAccruals", "OpenDividendAccruals"), "dividends not paid yet"),
    **dict.fromkeys(("NetStockPositionSummary", "ComplexPositions"), "positions seen in another way"),
    **dict.fromkeys(("SLBOpenContracts", "SLBActivities", "SLBCollaterals"), "shares lent"),
    **dict.fromkeys(("SLBFees",), "parts of interest on shares lent"),
    **dict.fromkeys(("UnbundledCommissionDetails", "RoutingCommissions"), "parts of commissions"),
    **dict.fromkeys(("ClientFees", "ClientFeesDetail", "SoftDollars"), "parts of fees"),
    **dict.fromkeys(("CommissionCredits",), "credits for later commissions"),
    **dict.fromkeys(("UnsettledTransfers", "UnbookedTrades", "PendingExcercises"), "not booked yet"),
    **dict.fromkeys(("DepositsOnHold", "HKIPOOpenSubscriptions"), "not booked yet"),
    **dict.fromkeys(("FdicInsuredDepositsByBank",), "cash seen in another way"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows of one account in one section, and how to read them."""

    section: str
    rows: list[Row]
    read: Read


def transactions(
    statement: Statement, mine: Callable[[Row], bool], counts: Counts
) -> list[TransactionRecord]:
    """The transactions of an account. A row that cannot be read is counted, and nothing is put in its place."""
    found: list[TransactionRecord] = []
    for chosen in _chosen(statement, mine, counts):
        for row in chosen.rows:
            try:
                legs = tuple(chosen.read(row, counts))  # all of its legs, or none
            except Misread as problem:
                counts.refused[f"{chosen.section}: {problem or row.tag}"] += 1
            else:
                found.extend(legs)
                counts.read += 1
    return _tied(found)


def _tied(rows: list[TransactionRecord]) -> list[TransactionRecord]:
    """The same, each with the event that others name it by."""
    events = {_event(row) for row in rows}
    return [_named(row, own) if (own := f"row:{row.id}") in events else row for row in rows]


def _event(row: TransactionRecord) -> str:
    return (row.details or {}).get("event", "")


def _named(row: TransactionRecord, event: str) -> TransactionRecord:
    return row if _event(row) else replace(row, details={**(row.details or {}), "event": event})


def _chosen(statement: Statement, mine: Callable[[Row], bool], counts: Counts) -> Iterator[Chosen]:
    for section in statement.sections:
        rows = [row for row in statement.rows(section) if mine(row)]
        if section in STATE or not rows:
            continue
        if (reason := NO_TRANSACTIONS.get(section)) is not None:
            counts.left_out[reason] += len(rows)
        elif section not in READ:
            counts.unknown[f"section {section}"] += len(rows)
        elif reason := told.elsewhere(statement, section, mine):
            counts.left_out[reason] += len(rows)
        else:
            rows = _finest(rows, counts)
            if section == "CashTransactions":
                rows = told.unsummed(rows, counts)
            if section == "StmtFunds":
                rows = told.untold(statement, rows, mine, counts)
            if section == "TransactionTaxes":
                rows = told.untaxed(statement, rows, counts)
            yield Chosen(section, rows, READ[section])


def _finest(rows: list[Row], counts: Counts) -> list[Row]:
    """The rows of the finest level, and those of a level that is not known."""
    kept: list[tuple[Row, int]] = []
    for row in rows:
        level = row.text("levelOfDetail").upper() or BY_TAG.get(row.tag, "")
        reason = NEVER.get(level) or NEVER.get(row.tag)
        if reason is None and row.text("currency") == SUMMARY:
            reason = told.SUMS
        if reason is not None:
            counts.left_out[reason] += 1
        else:
            if level and level not in FINEST:
                counts.unknown[f"levelOfDetail {level}"] += 1
            kept.append((row, FINEST.index(level) if level in FINEST else UNKNOWN_LEVEL))
    finest = min((rank for _, rank in kept if rank != UNKNOWN_LEVEL), default=UNKNOWN_LEVEL)
    found = [row for row, rank in kept if rank in (finest, UNKNOWN_LEVEL)]
    if coarser := len(kept) - len(found):
        counts.left_out[told.SUMS] += coarser
    return found
