"""The state of an account at the end of a statement: its worth, its cash, its positions."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from providers.connectors.ibkr_flex.document import SUMMARY, Row, Statement, require
from providers.connectors.ibkr_flex.kinds import PAID_IN_FULL
from providers.connectors.ibkr_flex.reading import Counts, security, security_id
from providers.connectors.ibkr_flex.values import ZONE, Misread
from providers.records import (
    AccountRecord,
    BalanceRecord,
    HoldingRecord,
    HoldingsRecord,
    Lacking,
    SecurityRecord,
)


def account(id: str, statement: Statement, rows: list[Row], positions: list[Row]) -> AccountRecord:
    """The account, with what the statement says it is worth. Raises Misread."""
    about = next((row for row in rows if row.tag == "AccountInformation"), None)
    funds = [row for row in rows if row.tag == "CashReportCurrency"]
    currency = _base(about, rows)
    current, lacks = _worth(rows, positions, currency)
    return AccountRecord(
        id=id,
        name=(about.text("acctAlias") if about else "") or f"Interactive Brokers ••{id[-4:]}",
        mask=id[-4:],
        type="investment",
        subtype=(about.text("accountType") if about else "").lower()[:40],
        currency=currency,
        current=current,
        available=_ending(funds, "endingSettledCash"),
        limit=None,
        as_of=as_of(statement),
        day=statement.last,
        lacks=lacks,
        pockets=tuple(pockets(rows).items()),
    )


def pockets(rows: list[Row]) -> dict[str, Decimal]:
    """The cash in each currency that has any; the row that sums them all up is none."""
    found = {
        row.text("currency"): row.number("endingCash")
        for row in rows
        if row.tag == "CashReportCurrency" and row.text("currency") not in ("", SUMMARY)
    }
    return {currency: cash for currency, cash in found.items() if cash}


def as_of(statement: Statement) -> datetime:
    """The end of the last day, or the moment at which the statement was made, if that is earlier."""
    if statement.last is None:
        return statement.made_at or datetime.now(UTC)
    end = datetime.combine(statement.last + timedelta(days=1), time.min, ZONE)
    return min(end, statement.made_at) if statement.made_at else end


def balances(rows: list[Row]) -> list[BalanceRecord]:
    """The worth of the account at the end of days, in the base currency."""
    found = {}
    for row in rows:
        if row.tag == "EquitySummaryByReportDateInBase":
            day, total = row.day("reportDate"), row.number("total")
            if day and total is not None:
                found[day] = BalanceRecord(date=day, current=total, available=None)
    return [found[day] for day in sorted(found)]


def holdings(statement: Statement, positions: list[Row], named: list[Row], counts: Counts) -> HoldingsRecord:
    """The open positions, of lots their sum, and the cash.

    They are complete only if each could be read, and if the query asks for them.
    """
    cash = pockets(named)
    held: dict[str, HoldingRecord] = {}
    complete = "OpenPositions" in statement.sections
    for row in chosen_positions(positions, counts):
        try:
            one = _holding(row)
        except Misread as problem:
            counts.refused[f"OpenPositions: {problem or row.tag}"] += 1
            complete = False
        else:
            before = held.get(one.security_id)
            held[one.security_id] = one if before is None else _together(before, one)
    return HoldingsRecord(
        as_of=as_of(statement),
        holdings=[*held.values(), *(_cash(unit, amount) for unit, amount in cash.items())],
        securities=[
            *_securities([*named, *positions]).values(),
            *(SecurityRecord(f"cash:{unit}", unit, unit, "cash", "", "", unit) for unit in cash),
        ],
        complete=complete,
    )


def chosen_positions(positions: list[Row], counts: Counts) -> list[Row]:
    """Summaries where there are any, else lots: both say the same."""
    lots: list[Row] = []
    whole: list[Row] = []
    for row in positions:
        (lots if row.text("levelOfDetail").upper() == "LOT" else whole).append(row)
    if whole and lots:
        counts.left_out["lots of positions that are there"] += len(lots)
    return whole or lots


def _holding(row: Row) -> HoldingRecord:
    units, price = require(row.number("position", "quantity"), "position"), row.number("markPrice")
    return HoldingRecord(
        security_id=require(security_id(row), "conid"),
        quantity=units,
        price=price,
        market_value=_of_all(row, "positionValue", units, price),
        cost_basis=_of_all(row, "costBasisMoney", units, row.number("costBasisPrice")),
        currency=row.currency,
    )


def _cash(unit: str, amount: Decimal) -> HoldingRecord:
    return HoldingRecord(f"cash:{unit}", amount, Decimal(1), amount, None, unit)


def _of_all(row: Row, name: str, units: Decimal, each: Decimal | None) -> Decimal | None:
    """The value of all units: as it is told, else worked out, where a unit's price is all that it takes."""
    told = row.number(name)
    if told is not None or each is None:
        return told
    asset = row.text("assetCategory")
    if asset not in PAID_IN_FULL:
        return None
    multiplier = Decimal(1) if PAID_IN_FULL[asset] else row.number("multiplier")
    return None if multiplier is None else units * each * multiplier


def _together(one: HoldingRecord, other: HoldingRecord) -> HoldingRecord:
    def both(first: Decimal | None, second: Decimal | None) -> Decimal | None:
        return None if first is None or second is None else first + second

    return HoldingRecord(
        security_id=one.security_id,
        quantity=one.quantity + other.quantity,
        price=one.price if one.price == other.price else None,
        market_value=both(one.market_value, other.market_value),
        cost_basis=both(one.cost_basis, other.cost_basis),
        currency=one.currency,
    )


def _securities(rows: Iterable[Row]) -> dict[str, SecurityRecord]:
    found: dict[str, SecurityRecord] = {}
    for row in rows:
        record = security(row)
        if record is not None and record.currency not in ("", SUMMARY):
            found.setdefault(record.id, record)
    return found


def _base(about: Row | None, rows: list[Row]) -> str:
    """The base currency: as it is told, or proven by the one currency that is worth exactly one of it."""
    told = about.text("currency") if about else ""
    told = told or next(
        (row.text("currency") for row in rows if row.tag == "EquitySummaryByReportDateInBase"), ""
    )
    if told:
        return told
    rates: dict[str, set[Decimal]] = {}
    for row in rows:
        rate, currency = row.number("fxRateToBase"), row.text("currency")
        if rate is not None and currency not in ("", SUMMARY):
            rates.setdefault(currency, set()).add(rate)
    ones = [currency for currency, seen in rates.items() if seen == {Decimal(1)}]
    return ones[0] if len(ones) == 1 else ""


def _worth(rows: list[Row], positions: list[Row], base: str) -> tuple[Decimal | None, Lacking]:
    """The net value in the base currency, and what it does not count."""
    days = balances(rows)
    if days:
        return days[-1].current, ""
    cash = _ending([row for row in rows if row.tag == "CashReportCurrency"], "endingCash")
    values = [_in_base(row, base) for row in chosen_positions(positions, Counts())]
    known = [value for value in values if value is not None]
    if cash is not None and positions and len(known) == len(values):
        return cash + sum(known, Decimal(0)), ""
    if cash is not None:
        return cash, "holdings"
    if known and len(known) == len(values):
        return sum(known, Decimal(0)), "cash"
    return None, ""


def _in_base(row: Row, base: str) -> Decimal | None:
    value, rate = row.number("positionValue"), row.number("fxRateToBase")
    if row.text("currency") == base:
        return value
    return None if value is None or rate is None else value * rate


def _ending(funds: list[Row], name: str) -> Decimal | None:
    return next((row.number(name) for row in funds if row.text("currency") == SUMMARY), None)
