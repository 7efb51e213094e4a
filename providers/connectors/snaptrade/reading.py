"""SnapTrade's answers as records."""

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal

from providers import records
from providers.connectors.contract.positions import lot
from providers.connectors.doubles import exact, exact_or_none, number_or_none
from providers.connectors.snaptrade import answers
from providers.connectors.snaptrade.kinds import WITHOUT_CASH, kind
from providers.errors import ProviderUnreadable

CATEGORIES: dict[str | None, records.AccountType] = {
    None: "investment",
    "INVESTMENT": "investment",
    "DEPOSIT": "depository",
    "LOC": "credit",
}
LONGEST_CODE = 12  # an id is longer
ON_MARGIN = ("future", "cfd")  # what they move is not what they are worth
GONE = ("closed", "archived")
CASH_OUT = ("BUY", "REI", "WITHDRAWAL")
CASH_IN = ("SELL", "CONTRIBUTION")


def lasting_id(row: answers.Account) -> str:
    """The id of an account: that of the institution where it tells one, since SnapTrade's ends with its connection."""
    if not row.institution_account_id:
        return row.id
    text = f"snaptrade:{row.institution_name}:{row.institution_account_id}"
    return hashlib.sha256(text.encode()).hexdigest()


def account(row: answers.Account, cash: list[answers.Balance], now: datetime) -> records.AccountRecord:
    """An account, as fresh as SnapTrade's last reading of it. Raises ProviderUnreadable for one without a currency."""
    type_ = CATEGORIES.get(row.account_category, "other")
    pockets = _pockets(cash)
    total = row.balance.total
    currency = (total.currency if total else None) or (pockets[0][0] if pockets else "")
    if not currency:
        raise ProviderUnreadable
    current = exact_or_none(total.amount) if total else None
    lasting, mask = lasting_id(row), (row.number or "")[-4:]
    return records.AccountRecord(
        id=lasting,
        name=row.name or f"{row.institution_name} {mask}".strip(),
        mask=mask,
        type=type_,
        subtype=(row.raw_type or "brokerage").lower().replace(" ", "_")[:40],
        currency=currency,
        current=-abs(current) if current is not None and type_ == "credit" else current,
        available=next((amount for unit, amount in pockets if unit == currency), None),
        limit=None,
        as_of=moment(row.sync_status.holdings) or now,
        handle=row.id,
        aliases=(lasting, row.id) if lasting != row.id else (lasting,),
        institution=row.institution_name,
        pockets=tuple(pocket for pocket in pockets if pocket[0] != currency),
    )


def code(unit: answers.Unit) -> str:
    """The code of a currency; nothing where only SnapTrade's own id of it was sent."""
    found = unit if isinstance(unit, str) else (unit.code if unit else None) or ""
    return found if len(found) <= LONGEST_CODE else ""


def _pockets(cash: list[answers.Balance]) -> list[tuple[str, Decimal]]:
    """The cash in each currency; what is told in two places is in both."""
    found: dict[str, Decimal] = {}
    for each in cash:
        if each.cash is not None and (unit := code(each.currency)):
            found[unit] = found.get(unit, Decimal(0)) + exact(each.cash)
    return list(found.items())


def holdings_told(row: answers.Account) -> bool:
    """False where an empty list of positions says nothing: SnapTrade cannot read them there, or has not yet."""
    told = row.sync_status.holdings
    return told is None or not (told.holdings_unavailable or told.initial_sync_completed is False)


def moment(synced: answers.Synced | None) -> datetime | None:
    """The time of a reading; a day alone is its beginning."""
    return _time(synced.last_successful_sync if synced else None)


def oldest(synced: answers.Synced | None) -> date | None:
    """The day of the first transaction that SnapTrade knows."""
    first = _time(synced.first_transaction_date if synced else None)
    return first.date() if first else None


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return aware(found)


def aware(moment: datetime) -> datetime:
    """The moment, in UTC where it names no zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def holding(row: answers.Position, currency: str) -> records.HoldingRecord | None:
    """A position; its cost is of the whole of it. None where the institution does not say how much there is."""
    if row.units is None:
        return None
    each = row.units * (row.instrument.multiplier or Decimal(1))
    paid = row.instrument.kind not in ON_MARGIN
    return records.HoldingRecord(
        security_id=row.instrument.id,
        quantity=row.units,
        price=row.price,
        market_value=None if row.price is None or not paid else exact(each * row.price),
        cost_basis=None if row.cost_basis is None or not paid else exact(each * row.cost_basis),
        currency=row.currency or row.instrument.currency or currency,
        lots=tuple(map(_lot, row.tax_lots or ())) or None,
    )


def _lot(row: answers.TaxLot) -> records.LotRecord:
    return lot(
        id=row.lot_id,
        bought=row.original_purchase_date,
        quantity=number_or_none(row.quantity),
        price=number_or_none(row.purchased_price),
        cost=number_or_none(row.cost_basis),
        value=number_or_none(row.current_value),
        side=row.position_type,
    )


def security(row: answers.Instrument, own: str) -> records.SecurityRecord:
    """A security that is held, in the account's `own` currency by default. SnapTrade names no CUSIP and no ISIN."""
    return records.SecurityRecord(
        id=row.id,
        symbol=row.raw_symbol or row.symbol,
        name=row.description or row.symbol,
        type=row.kind,
        cusip="",
        isin="",
        currency=row.currency or own,
    )


def traded(row: answers.Activity, own: str) -> records.SecurityRecord | None:
    """The security that an activity is about, by default in the currency of that, or of the account."""
    usual = _unit(row, own)
    if row.option_symbol:
        option = row.option_symbol
        return records.SecurityRecord(option.id, option.ticker, option.ticker, "option", "", "", usual)
    if row.symbol is None:
        return None
    found = row.symbol
    type_ = (found.type.code if found.type else None) or ""
    return records.SecurityRecord(
        id=found.id,
        symbol=found.raw_symbol or found.symbol,
        name=found.description or found.symbol,
        type=type_.lower(),
        cusip="",
        isin="",
        currency=code(found.currency) or usual,
    )


def _unit(row: answers.Activity, own: str) -> str:
    """The unit that a row is counted in: a currency, or the security in its place; by default the account's own."""
    quote = row.currency_universal_symbol
    return code(row.currency) or ((quote.raw_symbol or quote.symbol) if quote else "") or own


def activity(row: answers.Activity, currency: str) -> records.TransactionRecord | None:
    """A row; None for one that tells neither a day nor how much money moved."""
    type_, when = row.type.upper(), row.trade_date or row.settlement_date
    amount, units = _amount(row, type_), _units(row, type_)
    if when is None or amount is None:
        return None
    about = traded(row, currency)
    return records.TransactionRecord(
        id=row.id,
        date=when.date(),
        posted_at=aware(when),
        status="posted",
        amount=amount,
        currency=_unit(row, currency),
        description=row.description or (f"{row.type} {about.symbol}" if about else row.type),
        kind=kind(row.type),
        source_code="/".join(part for part in (row.type, row.option_type) if part),
        security_id=about.id if about else None,
        quantity=units if about else None,
        price=exact_or_none(row.price) or None,  # 0 where there is none
        fees=exact_or_none(row.fee) or None,
        details=_details(row),
    )


def _details(row: answers.Activity) -> records.Details | None:
    details = records.Details()
    if row.external_reference_id:
        details["event"] = row.external_reference_id
    if row.settlement_date:
        details["settled_on"] = row.settlement_date.date().isoformat()
    return details or None


def _amount(row: answers.Activity, type: str) -> Decimal | None:
    """The effect on cash. The way that money goes in a purchase or a sale is not up to the sign that was sent."""
    if row.amount is None:
        in_kind = type == "TRANSFER" and row.symbol is not None and row.units
        return Decimal(0) if in_kind or type in WITHOUT_CASH else None
    amount = exact(row.amount)
    if type in CASH_OUT:
        return -abs(amount)
    return abs(amount) if type in CASH_IN else amount


def _units(row: answers.Activity, type: str) -> Decimal | None:
    """The change in units: negative for those that leave."""
    units = exact_or_none(row.units)
    if not units or type in ("DIVIDEND", "SUBSTITUTE_DIVIDEND", "INTEREST", "TAX", "FEE"):
        return None  # SnapTrade repeats here how many units a dividend was paid for
    if type in ("SELL", "EXTERNAL_ASSET_TRANSFER_OUT", "INTERNAL_ASSET_TRANSFER_OUT"):
        return -abs(units)
    return abs(units) if type in ("BUY", "REI") else units
