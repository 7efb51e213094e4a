"""Plaid's rows as records. Plaid counts money that leaves an account as positive, and debts too."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

from providers import records
from providers.connectors.contract.positions import lot
from providers.connectors.doubles import exact, exact_or_none
from providers.connectors.plaid import answers
from providers.connectors.plaid.kinds import activity_kind, kind

TYPES: dict[str, records.AccountType] = {
    "depository": "depository",
    "credit": "credit",
    "loan": "loan",
    "investment": "investment",
    "brokerage": "investment",
}
OWED = ("credit", "loan")
Pockets = tuple[tuple[str, Decimal], ...]
MOST_SHOWN = 8  # of an account's number


def account(
    row: answers.Account, item: answers.Item, as_of: datetime, pockets: Pockets
) -> records.AccountRecord:
    """An account. A debt, which Plaid states as a positive number, is a negative balance."""
    type_, balances = TYPES.get(row.type, "other"), row.balances
    current = exact_or_none(balances.current)
    return records.AccountRecord(
        id=row.account_id,
        name=row.name or row.official_name or row.account_id,
        mask=(row.mask or "")[-MOST_SHOWN:],
        type=type_,
        subtype=(row.subtype or row.type).replace(" ", "_"),
        currency=unit(balances),
        current=-current if current is not None and type_ in OWED else current,
        available=exact_or_none(balances.available),
        limit=exact_or_none(balances.limit),
        as_of=aware(balances.last_updated_datetime) or as_of,
        aliases=(row.persistent_account_id,) if row.persistent_account_id else (),
        institution=item.institution_name or "",
        pockets=tuple(pocket for pocket in pockets if pocket[0] != unit(balances)),
    )


def transaction(row: answers.Transaction, own: str = "") -> records.TransactionRecord:
    """A row of a bank account or a card, in its `own` currency where the row names none.

    A pending row is named by the posted one that takes its place.
    """
    category = row.personal_finance_category
    return records.TransactionRecord(
        id=row.transaction_id,
        date=row.day,
        posted_at=None if row.pending else aware(row.at) or midnight(row.day),
        status="pending" if row.pending else "posted",
        amount=-exact(row.amount),
        currency=unit(row) or own,
        description=row.original_description or row.name,
        kind=kind(row),
        source_code=row.transaction_code or (category.detailed if category else ""),
        category=category.detailed if category else "",
        details=_details(row),
        replaced_pending_id="" if row.pending else row.pending_transaction_id or "",
    )


def _details(row: answers.Transaction) -> records.Details | None:
    details = records.Details()
    if row.check_number:
        details["check_number"] = row.check_number
    if row.merchant_name:
        details["counterparty"] = row.merchant_name
    return details or None


def activity(row: answers.Activity, own: str = "") -> records.TransactionRecord:
    """A row of an investment account. Units that leave it are negative already."""
    quantity, price = exact_or_none(row.quantity), exact_or_none(row.price)
    details = records.Details()
    if row.cancel_transaction_id:
        details["event"] = f"cancelled:{row.cancel_transaction_id}"
    return records.TransactionRecord(
        id=row.investment_transaction_id,
        date=row.day,
        posted_at=aware(row.transaction_datetime) or midnight(row.day),
        status="posted",
        amount=-exact(row.amount),
        currency=unit(row) or own,
        description=row.name,
        kind=activity_kind(row.type, row.subtype or ""),
        source_code="/".join(part for part in (row.type, row.subtype) if part),
        security_id=row.security_id,
        quantity=quantity if quantity and row.security_id else None,  # Plaid writes 0 where there is none
        price=price if price and quantity and row.security_id else None,
        fees=exact_or_none(row.fees),
        details=details or None,
    )


def holding(row: answers.Holding, own: str = "") -> records.HoldingRecord:
    """A holding; its cost is that of the whole position."""
    return records.HoldingRecord(
        security_id=row.security_id,
        quantity=exact(row.quantity),
        price=exact_or_none(row.institution_price),
        market_value=exact_or_none(row.institution_value),
        cost_basis=exact_or_none(row.cost_basis),
        currency=unit(row) or own,
        lots=tuple(map(_lot, row.tax_lots or ())) or None,
    )


def _lot(row: answers.TaxLot) -> records.LotRecord:
    return lot(
        id=row.institution_lot_id,
        bought=row.original_purchase_datetime,
        quantity=exact_or_none(row.quantity),
        price=exact_or_none(row.purchase_price),
        cost=exact_or_none(row.cost_basis),
        value=exact_or_none(row.current_value),
        side=row.position_type,
    )


def cash(row: answers.Holding, own: str = "") -> tuple[str, Decimal]:
    """Uninvested cash, which Plaid lists among the holdings: its worth, as its units may be of another currency."""
    return unit(row) or own, exact(row.quantity if row.institution_value is None else row.institution_value)


def security(row: answers.Security, own: str = "") -> records.SecurityRecord:
    """A security. Plaid sends CUSIP and ISIN only to those who have a licence for them."""
    option = row.option_contract
    return records.SecurityRecord(
        id=row.security_id,
        symbol=row.ticker_symbol or (option.underlying_security_ticker if option else ""),
        name=row.name or row.ticker_symbol or "",
        type=(row.type or "").replace(" ", "_"),
        cusip=row.cusip or "",
        isin=row.isin or "",
        currency=unit(row) or own,
    )


def unit(
    row: answers.Balances | answers.Transaction | answers.Holding | answers.Activity | answers.Security,
) -> str:
    """The currency, or Plaid's own code for what is none, such as a cryptocurrency."""
    return row.iso_currency_code or row.unofficial_currency_code or ""


def aware(moment: datetime | None) -> datetime | None:
    """The moment in UTC where Plaid leaves out the zone, as some of its times do."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def midnight(day: date) -> datetime:
    """The beginning of the day, for rows without a time."""
    return datetime.combine(day, time.min, UTC)
