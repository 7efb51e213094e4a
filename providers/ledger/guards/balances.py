"""Balances that have moved their decimal point: held, and applied when the person says that they are right."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from django.utils import timezone

from providers.ledger.guards import questions
from providers.ledger.identity.accounts import sudden
from providers.ledger.ingest.accounts import apply_balance, day_of
from providers.ledger.models import BalanceSnapshot, FinancialAccount
from providers.ledger.observations.models import Question
from providers.records import AccountRecord, AccountType, Lacking

_NUMBERS = ("current", "available", "limit")
_SNAPSHOT = ("current", "available", "limit", "lacks", "as_of", "fetched_at")


def guarded(held: FinancialAccount | None, record: AccountRecord) -> AccountRecord:
    """The record, with the balance that we hold where its own is a sudden change."""
    if held is None or held.balance_as_of is None or not sudden(held.balance_current, record.current):
        return record
    return replace(
        record,
        current=held.balance_current,
        available=held.balance_available,
        limit=held.balance_limit,
        as_of=held.balance_as_of,
        day=held.balance_date,
        lacks=cast("Lacking", held.balance_lacks),
    )


def ask(account: FinancialAccount, told: AccountRecord) -> None:
    """Ask about a balance that is held back; the same number once."""
    numbers = {name: None if (value := getattr(told, name)) is None else str(value) for name in _NUMBERS}
    evidence = {
        "balance": str(told.current),
        "as_of": told.as_of.isoformat(),
        "day": day_of(told).isoformat(),
        "lacks": told.lacks,
        "numbers": numbers,
    }
    asked = Question.objects.filter(kind=Question.Kind.SUDDEN, left=account.id, right=account.id).first()
    if asked and asked.state == Question.State.REFUSED and asked.evidence["balance"] == evidence["balance"]:
        return  # the same number again
    why = "the balance changed a lot at once"
    questions.ask(account, Question.Kind.SUDDEN, account.id, why, evidence)


def accept(account: FinancialAccount, evidence: dict[str, Any]) -> dict[str, Any]:
    """Apply the number that was held, unless a newer one is there by now; returns what it takes to undo it."""
    record = _record(account, evidence)
    day = BalanceSnapshot.objects.filter(account=account, date=day_of(record)).first()
    before = {
        "as_of": account.balance_as_of and account.balance_as_of.isoformat(),
        "day": account.balance_date and account.balance_date.isoformat(),
        "lacks": account.balance_lacks,
        "numbers": _texts({name: getattr(account, f"balance_{name}") for name in _NUMBERS}),
        "snapshot": day and _texts({name: getattr(day, name) for name in _SNAPSHOT}),
    }
    apply_balance(account, record, timezone.now())
    return {"before": before, "applied": evidence}


def undo(account: FinancialAccount, detail: dict[str, Any]) -> None:
    """Bring back the balance of before, if what was applied is still there."""
    before, applied = detail["before"], _record(account, detail["applied"])
    days = BalanceSnapshot.objects.filter(account=account, date=day_of(applied), as_of=applied.as_of)
    if before["snapshot"] is None:
        days.delete()
    else:
        days.update(**before["snapshot"])
    if account.balance_as_of != applied.as_of:
        return
    for name, text in before["numbers"].items():
        setattr(account, f"balance_{name}", None if text is None else Decimal(text))
    account.balance_as_of = before["as_of"] and datetime.fromisoformat(before["as_of"])
    account.balance_date = before["day"] and date.fromisoformat(before["day"])
    account.balance_lacks = before["lacks"]
    account.balances_version += 1
    account.save()


def _record(account: FinancialAccount, evidence: dict[str, Any]) -> AccountRecord:
    numbers = {name: None if text is None else Decimal(text) for name, text in evidence["numbers"].items()}
    current, available, limit = (numbers[name] for name in _NUMBERS)
    return AccountRecord(
        id=account.provider_account_id,
        name=account.name,
        mask=account.mask,
        type=cast("AccountType", account.type),
        subtype=account.subtype,
        currency=account.currency,
        as_of=datetime.fromisoformat(evidence["as_of"]),
        day=date.fromisoformat(evidence["day"]),
        lacks=evidence["lacks"],
        current=current,
        available=available,
        limit=limit,
    )


def _texts(columns: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, (Decimal, datetime)) else value
        for name, value in columns.items()
    }
