"""Enable Banking's answers as records."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

from providers import records
from providers.connectors.enable_banking import answers, kinds
from providers.errors import ProviderUnreadable

TYPES: dict[str, tuple[records.AccountType, str]] = {
    "CACC": ("depository", "checking"),
    "CASH": ("depository", "checking"),
    "SVGS": ("depository", "savings"),
    "CARD": ("credit", "credit_card"),
    "LOAN": ("loan", "loan"),
}
BOOKED = ("ITBD", "CLBD", "XPCD", "PRCD", "OPBD")  # the best first; an older day is told with it
FORECAST = "FWAV"
AVAILABLE = ("ITAV", "CLAV", FORECAST)
STATUSES = {"BOOK": "posted", "PDNG": "pending", "HOLD": "pending"}
NO_DAY = "no day"
NO_CURRENCY = "XXX"  # ISO 4217; of accounts that may hold several
NOT_MONEY = ("SCHD", "CNCL", "RJCT")  # planned, cancelled, rejected
POSITIONAL: frozenset[str] = (
    frozenset()
)  # "FI:Some Bank": entry references of these banks are places in a list


def account(
    listed: answers.SessionAccount,
    details: answers.Details,
    told: Sequence[answers.Balance],
    bank: str,
    now: datetime,
) -> records.AccountRecord:
    """An account, known by the hash of its number; `uid` is what to call it in this session."""
    type_, subtype = TYPES.get(details.cash_account_type, ("other", details.cash_account_type.lower()))
    currency = _currency(details, told)
    here = [balance for balance in told if balance.balance_amount.currency == currency]
    booked, available = _best(here, BOOKED), _best(here, AVAILABLE)
    current = _amount(booked)
    number = details.account_id or answers.Number()
    shown = number.iban or (number.other.identification if number.other else "")
    return records.AccountRecord(
        id=listed.identification_hash,
        name=details.name or details.product or details.details or bank,
        mask="".join(shown.split())[-4:],
        type=type_,
        subtype=subtype,
        currency=currency,
        current=-abs(current) if current is not None and type_ == "loan" else current,
        available=_amount(available),
        limit=Decimal(details.credit_limit.amount) if details.credit_limit else None,
        as_of=_stated(booked, now),
        day=booked.reference_date if booked else None,
        handle=listed.uid,
        aliases=(listed.identification_hash, *((iban_alias(number.iban),) if number.iban else ())),
        institution=bank,
        pockets=_pockets(told, currency),
    )


def _currency(details: answers.Details, told: Sequence[answers.Balance]) -> str:
    """The account's currency; that of its balances where the bank says that it has none, and they have one."""
    units = {balance.balance_amount.currency for balance in told}
    return units.pop() if details.currency == NO_CURRENCY and len(units) == 1 else details.currency


def iban_alias(iban: str) -> str:
    """The hash by which an IBAN is known again, however it was spaced."""
    return hashlib.sha256(f"iban:{''.join(iban.split()).upper()}".encode()).hexdigest()


def rows(
    listed: Sequence[answers.Transaction], bank: str, today: date
) -> tuple[list[records.TransactionRecord], Counter[str]]:
    """The rows that are money, and how many are not, by their status, or have no day.

    An entry reference that two rows share is no identity, nor is any other of that answer.
    """
    money = [row for row in listed if row.status not in NOT_MONEY and _day(row, today) is not None]
    references = Counter(row.entry_reference for row in money if row.entry_reference)
    trusted = bank not in POSITIONAL and all(count == 1 for count in references.values())
    left_out = Counter(f"status {row.status}" for row in listed if row.status in NOT_MONEY)
    left_out[NO_DAY] = len(listed) - len(money) - left_out.total()
    return [transaction(row, today, trusted=trusted) for row in money], +left_out


def transaction(row: answers.Transaction, today: date, *, trusted: bool) -> records.TransactionRecord:
    """A row. A pending one without a day is of today; a booked one cannot be. Raises ProviderUnreadable."""
    booked, day = _booked(row), _day(row, today)
    if day is None:
        raise ProviderUnreadable
    amount = abs(Decimal(row.transaction_amount.amount))
    other = row.creditor if row.credit_debit_indicator == "DBIT" else row.debtor
    text = " ".join(line.strip() for line in row.remittance_information or () if line and line.strip())
    return records.TransactionRecord(
        id=(row.entry_reference or "") if trusted else "",
        date=day,
        posted_at=datetime.combine(day, time.min, UTC) if booked else None,
        status="posted" if booked else "pending",
        amount=amount if row.credit_debit_indicator == "CRDT" else -amount,
        currency=row.transaction_amount.currency,
        description=text
        or (other.name if other else "")
        or row.note
        or kinds.word(row.bank_transaction_code),
        kind=kinds.kind(row.bank_transaction_code),
        source_code=kinds.word(row.bank_transaction_code),
        details=_details(row, other) or None,
    )


def _booked(row: answers.Transaction) -> bool:
    return STATUSES.get(row.status, "posted" if row.booking_date else "pending") == "posted"


def _day(row: answers.Transaction, today: date) -> date | None:
    """The day that a row counts in; None for a booked one that names none."""
    if _booked(row):
        return row.booking_date or row.value_date or row.transaction_date
    return row.transaction_date or row.value_date or row.booking_date or today


def _details(row: answers.Transaction, other: answers.Party | None) -> records.Details:
    details = records.Details()
    if other and other.name:
        details["counterparty"] = other.name
    if row.merchant_category_code:
        details["merchant_code"] = row.merchant_category_code
    if row.value_date:
        details["value_date"] = row.value_date.isoformat()
    if row.reference_number:
        details["reference"] = row.reference_number
    if row.balance_after_transaction:
        details["balance_after"] = row.balance_after_transaction.amount
    if row.exchange_rate and (original := row.exchange_rate.instructed_amount):
        details["original_amount"], details["original_currency"] = original.amount, original.currency
    return details


def _best(told: Sequence[answers.Balance], types: Sequence[str]) -> answers.Balance | None:
    """The balance of the best type; of several days the latest, of forecasts the nearest."""
    ranked = [balance for balance in told if balance.balance_type in types]

    def rank(balance: answers.Balance) -> tuple[int, int]:
        day = balance.reference_date.toordinal() if balance.reference_date else 0
        return types.index(balance.balance_type), day if balance.balance_type == FORECAST else -day

    return min(ranked, key=rank, default=None)


def _amount(balance: answers.Balance | None) -> Decimal | None:
    return None if balance is None else Decimal(balance.balance_amount.amount)


def _stated(balance: answers.Balance | None, now: datetime) -> datetime:
    if balance is None:
        return now
    if balance.last_change_date_time is not None:
        moment = balance.last_change_date_time
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.combine(balance.reference_date, time.min, UTC) if balance.reference_date else now


def _pockets(told: Sequence[answers.Balance], own: str) -> tuple[tuple[str, Decimal], ...]:
    """The balances in other currencies."""
    units = dict.fromkeys(balance.balance_amount.currency for balance in told)
    found = []
    for unit in units:
        amount = _amount(_best([each for each in told if each.balance_amount.currency == unit], BOOKED))
        if unit != own and amount is not None:
            found.append((unit, amount))
    return tuple(found)
