"""Accounts, balances and rows at Enable Banking: amounts as text without a sign, and pages that may be empty."""

from datetime import date, timedelta
from typing import Any

from providers.simulator.books.changes import BOOKED
from providers.simulator.books.customers import Account, Kind
from providers.simulator.books.entries import Entry, Stage
from providers.simulator.enable_banking.calls import Call, Refusal
from providers.simulator.enable_banking.state import Session, iban, number_hash
from providers.simulator.responses import plain

TYPES = {Kind.CHECKING: "CACC", Kind.SAVINGS: "SVGS", Kind.CREDIT_CARD: "CARD", Kind.MORTGAGE: "LOAN"}
CODES = {  # family and sub-family of ISO 20022
    "DIRECT_DEPOSIT": ("RCDT", "SALA"),
    "BILL_PAYMENT": ("ICDT", "ESCT"),
    "CARD_PURCHASE": ("CCRD", "POSD"),
    "REFUND": ("CCRD", "RIMB"),
    "ATM": ("CCRD", "CWDL"),
    "TRANSFER": ("ICDT", "BOOK"),
    "CARD_PAYMENT": ("ICDT", "ESCT"),
    "MORTGAGE_PAYMENT": ("ICDT", "ESCT"),
    "INTEREST": ("MCOP", "INTR"),
}
FAR = timedelta(days=90)  # as far back as a bank tells once the person has been gone for an hour
PAGE = 500


def details(call: Call, uid: str) -> dict[str, Any]:
    """`GET /accounts/{account_id}/details`."""
    session, account = call.account(uid, "details")
    return resource(session, uid, account)


def balances(call: Call, uid: str) -> dict[str, Any]:
    """`GET /accounts/{account_id}/balances`: a loan as what is owed, a card as the bank's claim."""
    session, account = call.account(uid, "balances")
    ledger = call.ledger(session)
    balance = ledger.balance(account, ledger.through)
    current = -balance.current if account.kind is Kind.CREDIT_CARD else balance.current
    rows = [("Booked balance", "CLBD", current)]
    if account.kind is not Kind.MORTGAGE:
        rows.append(("Available balance", "ITAV", balance.available))
    return {
        "balances": [
            {
                "name": name,
                "balance_amount": {"currency": account.currency, "amount": plain(amount)},
                "balance_type": type_,
                "last_change_date_time": f"{ledger.through}T21:00:00+00:00",
                "reference_date": ledger.through.isoformat(),
            }
            for name, type_, amount in rows
        ]
    }


def transactions(call: Call, uid: str) -> dict[str, Any]:
    """`GET /accounts/{account_id}/transactions`: newest first. The last page is empty, and says that it is the last."""
    session, account = call.account(uid, "transactions")
    ledger = call.ledger(session)
    first = _first(call, session, ledger.start)
    entries = [
        entry
        for entry in reversed(ledger.entries[account.id])
        if entry.stage(ledger.through) in (Stage.PENDING, *BOOKED) and _day(entry, ledger.through) >= first
    ]
    key = call.request.GET.get("continuation_key", f"{ledger.through} 0")
    through, _, seen = key.rpartition(" ")
    if through != ledger.through.isoformat() or not seen.isdigit():
        raise Refusal(422, "WRONG_CONTINUATION_KEY", "Wrong continuation key provided")
    page = [_row(account, entry, ledger.through) for entry in entries[int(seen) : int(seen) + PAGE]]
    following = f"{through} {int(seen) + PAGE}" if page else None
    return {"transactions": page} | ({"continuation_key": following} if following else {})


def resource(session: Session, uid: str, account: Account) -> dict[str, Any]:
    """An account as sessions and details show it."""
    limit = {"currency": account.currency, "amount": plain(account.limit)}
    return {
        "uid": uid,
        "account_id": {"iban": iban(account)},
        "all_account_ids": [{"identification": iban(account), "scheme_name": "IBAN"}],
        "name": account.nickname,
        "product": account.official_name,
        "usage": "PRIV" if session.psu_type == "personal" else "ORGA",
        "cash_account_type": TYPES[account.kind],
        "currency": account.currency,
        "identification_hash": number_hash(account),
        "identification_hashes": [number_hash(account)],
        **({"credit_limit": limit} if account.limit else {}),
    }


def _first(call: Call, session: Session, start: date) -> date:
    """The first day that is told. Raises Refusal for a day before that."""
    now = call.bank.now()
    fresh = now - session.created < timedelta(hours=1)
    furthest = start if call.present or fresh else now.date() - FAR
    asked = call.request.GET.get("date_from")
    if call.request.GET.get("strategy") == "longest" or not asked:
        return furthest
    try:
        first = date.fromisoformat(asked)
    except ValueError as error:
        raise Refusal(422, "WRONG_REQUEST_PARAMETERS", "Wrong request parameters provided") from error
    if first < furthest and furthest != start:
        raise Refusal(422, "WRONG_TRANSACTIONS_PERIOD", "Wrong transactions period requested")
    return first


def _day(entry: Entry, through: date) -> date:
    return entry.settles_on if entry.stage(through) in BOOKED else entry.at.date()


def _row(account: Account, entry: Entry, through: date) -> dict[str, Any]:
    booked = entry.stage(through) in BOOKED
    amount = entry.amount if booked else entry.pending_amount
    text = entry.raw if entry.raw and entry.stage(through) is not Stage.AMENDED else entry.description
    family, sub = CODES.get(entry.type, ("OTHR", "OTHR"))
    other = {"name": entry.description[:70]}
    day = _day(entry, through).isoformat()
    found: dict[str, Any] = {
        "transaction_amount": {"currency": account.currency, "amount": plain(abs(amount))},
        "credit_debit_indicator": "CRDT" if amount > 0 else "DBIT",
        "status": "BOOK" if booked else "PDNG",
        "transaction_date": entry.at.date().isoformat(),
        "remittance_information": [text],
        "bank_transaction_code": {"code": family, "sub_code": sub},
        "debtor" if amount > 0 else "creditor": other,
        "transaction_id": f"{entry.id}-{through:%j}",
    }
    return found | ({"booking_date": day, "value_date": day, "entry_reference": entry.id} if booked else {})
