"""Rows that another section of the same query tells too: each is counted once, and none is taken for told unseen."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from providers.connectors.ibkr_flex import kinds
from providers.connectors.ibkr_flex.document import SUMMARY, Row, Statement
from providers.connectors.ibkr_flex.reading import Counts, reported, security_id
from providers.connectors.ibkr_flex.values import Misread

Mine = Callable[[Row], bool]
Money = tuple[str, Decimal | None, date | None]
Paid = tuple[str, str, str | None, date | None]
SUMS = "sums of rows that are there"
IDS = ("transactionID", "tradeID")
BOOKED = ("Trades", "CashTransactions", "CorporateActions", "Transfers", "SalesTaxes", "DebitCardActivities")


def elsewhere(statement: Statement, section: str, mine: Mine) -> str:
    """The reason to leave a section out, where another tells the same."""
    if section in ("OptionEAE", "TradeConfirms") and any(map(mine, statement.rows("Trades"))):
        return "trades told again"
    return ""


def untaxed(statement: Statement, rows: list[Row], counts: Counts) -> list[Row]:
    """Taxes on trades that do not count them already."""
    trades = statement.rows("Trades")
    taxed = [row for row in trades if _taxed(row)]
    named = {row.text("tradeID") for row in trades} - {""}
    numbers, places = {row.text("tradeID") for row in taxed}, set(map(_place, taxed))

    def counted(row: Row) -> bool:
        number = row.text("tradeId", "tradeID")
        return number in numbers if number and named else _place(row) in places

    untold = [row for row in rows if not counted(row)]
    if told := len(rows) - len(untold):
        counts.left_out["taxes that their trade counts"] += told
    return untold


def _place(row: Row) -> tuple[str | None, date | None]:
    """The security and the day of a trade, which tell it where it has no number."""
    try:
        return security_id(row), row.day("tradeDate", "date", "reportDate")
    except Misread:
        return None, None


def _taxed(row: Row) -> bool:
    """True if the cash of this trade counts its taxes: by the field Taxes, else by Net Cash."""
    try:
        taxes, net = row.number("taxes"), row.number("netCash")
        paid, commission = row.number("proceeds"), row.number("ibCommission")
    except Misread:
        return False
    if taxes is not None or net is None:
        return bool(taxes)
    if row.text("assetCategory") in kinds.ON_MARGIN:
        paid = Decimal(0)
    return paid is None or commission is None or net != paid + commission


def untold(statement: Statement, rows: list[Row], mine: Mine, counts: Counts) -> list[Row]:
    """Lines of the Statement of Funds that no other section of this query tells.

    A code that we know names the section that would tell it; under any other, the line itself has to be found there.
    """
    booked = [row for section in BOOKED for row in statement.rows(section) if mine(row)]
    names = {(name, row.text(name)) for row in booked for name in IDS if row.text(name)}
    sums = Counter(_money(row) for row in statement.rows("CashTransactions") if mine(row))
    lines = []
    for row in rows:
        code = row.text("activityCode")
        if not code and _empty(row):
            counts.left_out["opening and closing balances"] += 1
        elif _told(row, code, statement, names, sums):
            counts.left_out["lines of funds that other sections tell"] += 1
        else:
            lines.append(row)
    return lines


def _told(
    row: Row, code: str, statement: Statement, names: set[tuple[str, str]], sums: Counter[Money]
) -> bool:
    if code in kinds.ACTIVITIES:
        return kinds.ACTIVITIES[code] in statement.sections
    if any((name, row.text(name)) in names for name in IDS):
        return True
    same = _money(row)
    if sums[same] <= 0:
        return False
    sums[same] -= 1
    return True


def unsummed(rows: list[Row], counts: Counts) -> list[Row]:
    """Cash without its sums: where no row tells its level, those have no number, and add up others that have one."""
    if any(row.text("levelOfDetail") for row in rows):
        return rows
    added: dict[Paid, Decimal] = {}
    for row in rows:
        if row.text("transactionID") and (paid := _paid(row)):
            added[paid[0]] = added.get(paid[0], Decimal(0)) + paid[1]
    kept = [row for row in rows if row.text("transactionID") or not _adds_up(row, added)]
    if sums := len(rows) - len(kept):
        counts.left_out[SUMS] += sums
    return kept


def _adds_up(row: Row, added: dict[Paid, Decimal]) -> bool:
    paid = _paid(row)
    return paid is not None and added.get(paid[0]) == paid[1]


def _paid(row: Row) -> tuple[Paid, Decimal] | None:
    """The kind and place of a payment, and its amount; None where it cannot be read."""
    try:
        amount = row.number("amount")
        place = row.text("type"), row.text("currency"), security_id(row), reported(row)
    except Misread:
        return None
    return None if amount is None else (place, amount)


def line_amount(row: Row) -> Decimal | None:
    """The amount of a line of funds: as one number, or in the column of its side."""
    whole, out = row.number("amount"), row.number("debit")
    if whole is not None or out is None:
        return row.number("credit") if whole is None else whole
    return (row.number("credit") or Decimal(0)) - abs(out)


def _money(row: Row) -> Money:
    try:
        return row.text("currency"), line_amount(row), reported(row)
    except Misread:
        return SUMMARY, None, None


def _empty(row: Row) -> bool:
    try:
        return not line_amount(row)
    except Misread:
        return False
