"""The state of an account at the end of a statement: its worth, its cash, its positions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from providers.connectors.contract.positions import summed
from providers.connectors.ibkr_flex.document import SUMMARY, Row, Statement, require
from providers.connectors.ibkr_flex.kinds import ON_MARGIN, PAID_IN_FULL
from providers.connectors.ibkr_flex.reading import Counts, security, security_id
from providers.connectors.ibkr_flex.values import ZONE, Misread
from providers.records import (
    AccountRecord,
    BalanceRecord,
    HoldingRecord,
    HoldingsRecord,
    Lacking,
    LotRecord,
    SecurityRecord,
)

LOT = "LOT"


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
        available=_in_all(funds, "endingSettledCash", currency),
        limit=None,
        as_of=as_of(statement),
        day=statement.last,
        lacks=lacks,
        pockets=tuple(pockets(rows).items()),
    )


def opened(rows: list[Row]) -> date | None:
    """The day on which the account was opened, where the statement says it."""
    about = next((row for row in rows if row.tag == "AccountInformation"), None)
    try:
        return about.day("dateOpened") if about else None
    except Misread:
        return None


def pockets(rows: list[Row]) -> dict[str, Decimal]:
    """The cash in each currency that has any; the row that sums them all up is none."""
    funds = [row for row in rows if row.tag == "CashReportCurrency"]
    named = dict.fromkeys(row.text("currency") for row in funds)
    found = {unit: _ending(funds, "endingCash", unit) for unit in named if unit not in ("", SUMMARY)}
    return {currency: cash for currency, cash in found.items() if cash}


def as_of(statement: Statement) -> datetime:
    """The end of the last day, or the moment at which the statement was made, if that is earlier."""
    if statement.last is None:
        return statement.made_at or datetime.now(UTC)
    end = datetime.combine(statement.last + timedelta(days=1), time.min, ZONE)
    return min(end, statement.made_at) if statement.made_at else end


def balances(rows: list[Row], counts: Counts) -> list[BalanceRecord]:
    """The worth of the account at the end of days, in the base currency; of a day told in parts, their sum."""
    told: dict[date, list[Row]] = {}
    for row in rows:
        if row.tag == "EquitySummaryByReportDateInBase" and (day := row.day("reportDate")):
            told.setdefault(day, []).append(row)
    found = []
    for day in sorted(told):
        total = _whole(told[day], "total")
        if total is not None:
            found.append(BalanceRecord(date=day, current=total, available=None))
        elif any(row.number("total") is not None for row in told[day]):
            counts.unknown["several totals of one day"] += 1
    return found


def _whole(rows: Sequence[Row], name: str) -> Decimal | None:
    """The number of these rows: the sum of those of models, where the account is divided into them.

    None where it is not told, or where rows of one model say different things.
    """
    said: dict[str, set[Decimal]] = {}
    for row in rows:
        if (value := row.number(name)) is not None:
            said.setdefault(row.text("model"), set()).add(value)
    if not said or any(len(values) > 1 for values in said.values()):
        return None
    if "" in said and len(said) > 1:
        return None  # a row without a model may be the sum of them, or what is in none
    return sum((value for values in said.values() for value in values), Decimal(0))


def holdings(statement: Statement, positions: list[Row], named: list[Row], counts: Counts) -> HoldingsRecord:
    """The open positions, of lots their sum, with these lots, and the cash.

    They are complete only if each could be read, and if the query asks for them.
    """
    cash = pockets(named)
    held: list[HoldingRecord] = []
    complete, lots = "OpenPositions" in statement.sections, _lots(positions, counts)
    for row in chosen_positions(positions):
        try:
            held.append(_holding(row))
        except Misread as problem:
            counts.refused[f"OpenPositions: {problem or row.tag}"] += 1
            complete = False
    return HoldingsRecord(
        as_of=as_of(statement),
        holdings=[*_with(lots, summed(held)), *(_cash(unit, amount) for unit, amount in cash.items())],
        securities=[
            *_securities([*named, *positions]).values(),
            *(SecurityRecord(f"cash:{unit}", unit, unit, "cash", "", "", unit) for unit in cash),
        ],
        complete=complete,
    )


def chosen_positions(positions: list[Row]) -> list[Row]:
    """Of each security the summary, where there is one, else the lots: both say the same."""
    whole = {security_id(row) for row in positions if not _is_lot(row)}
    return [row for row in positions if not _is_lot(row) or security_id(row) not in whole]


def _is_lot(row: Row) -> bool:
    return row.text("levelOfDetail").upper() == LOT


def _with(lots: dict[str, list[LotRecord]], held: list[HoldingRecord]) -> list[HoldingRecord]:
    return [replace(each, lots=tuple(lots.get(each.security_id, ())) or None) for each in held]


def _lots(positions: list[Row], counts: Counts) -> dict[str, list[LotRecord]]:
    """The lots of each security. One that cannot be read is counted, and missing in their sum."""
    found: dict[str, list[LotRecord]] = {}
    for row in filter(_is_lot, positions):
        try:
            found.setdefault(require(security_id(row), "conid"), []).append(_lot(row))
        except Misread as problem:
            counts.unknown[f"lot of a position: {problem}"] += 1
    return found


def _lot(row: Row) -> LotRecord:
    units, on_margin = row.number("position", "quantity"), row.text("assetCategory") in ON_MARGIN
    cost, each = row.number("costBasisMoney"), row.number("costBasisPrice")
    if units is not None:
        cost = _of_all(row, "costBasisMoney", units, each)
    return LotRecord(
        id=row.text("originatingTransactionID"),
        quantity=units,
        price=row.number("openPrice"),
        cost_basis=None if on_margin else cost,
        market_value=_value(row, units or Decimal(0), row.number("markPrice") if units else None),
        opened_on=row.day("openDateTime"),
        opened_at=row.moment("openDateTime"),
    )


def _holding(row: Row) -> HoldingRecord:
    units, price = require(row.number("position", "quantity"), "position"), row.number("markPrice")
    cost = _of_all(row, "costBasisMoney", units, row.number("costBasisPrice"))
    return HoldingRecord(
        security_id=require(security_id(row), "conid"),
        quantity=units,
        price=price,
        market_value=_value(row, units, price),
        cost_basis=None if row.text("assetCategory") in ON_MARGIN else cost,
        currency=row.currency,
    )


def _value(row: Row, units: Decimal, price: Decimal | None) -> Decimal | None:
    """The worth of a position. What was not paid for is worth its gain alone, not the sum that it moves."""
    asset = row.text("assetCategory")
    if asset in ON_MARGIN:
        return row.number("fifoPnlUnrealized") if ON_MARGIN[asset] else None
    return _of_all(row, "positionValue", units, price)


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
    days = balances(rows, Counts())
    told = [row.day("reportDate") for row in rows if row.tag == "EquitySummaryByReportDateInBase"]
    if days and days[-1].date == max(day for day in told if day):
        return days[-1].current, ""
    whole = None if days else _whole([row for row in rows if row.tag == "ChangeInNAV"], "endingValue")
    if whole is not None:
        return whole, ""
    cash = _in_all([row for row in rows if row.tag == "CashReportCurrency"], "endingCash", base)
    values = [_in_base(row, base) for row in chosen_positions(positions)]
    known = [value for value in values if value is not None]
    if cash is not None and positions and len(known) == len(values):
        return cash + sum(known, Decimal(0)), ""
    if cash is not None:
        return cash, "holdings"
    if known and len(known) == len(values):
        return sum(known, Decimal(0)), "cash"
    return None, ""


def _in_base(row: Row, base: str) -> Decimal | None:
    value, rate = _value(row, Decimal(0), None), row.number("fxRateToBase")
    if row.text("currency") == base:
        return value
    return None if value is None or rate is None else value * rate


def _in_all(funds: list[Row], name: str, base: str) -> Decimal | None:
    """The cash of all currencies in the base one: as it is summed up, or that of the base where no other has any."""
    units = {row.text("currency") for row in funds}
    if SUMMARY in units:
        return _ending(funds, name, SUMMARY)
    others = [_ending(funds, name, unit) for unit in units - {base}]
    return None if any(each != 0 for each in others) else _ending(funds, name, base)


def _ending(funds: list[Row], name: str, unit: str) -> Decimal | None:
    return _whole([row for row in funds if row.text("currency") == unit], name)
