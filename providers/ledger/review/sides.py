"""The two sides of questions: rows, accounts and balances, read for many questions at once."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict
from uuid import UUID

from django.db import connection

from providers import connectors
from providers.ledger.models import FinancialAccount
from providers.ledger.money import plain
from providers.ledger.observations.models import Question
from providers.ledger.review.records import source_name

# Of each event what is shown today, and what is held back; of an event that is stated no more, its last word.
_EVENTS = """
SELECT DISTINCT ON (o.event, o.state = 3) o.event, o.state, o.date, o.amount, o.unit, o.status, o.text, s.kind, s.name,
    s.provider, s.account_id, o.at
FROM providers_observation o
JOIN providers_source s ON s.id = o.source_id
JOIN providers_financialaccount a ON a.id = s.account_id
WHERE a.user_id = %s AND o.event = ANY(%s) AND o.state IN (0, 2, 3)
ORDER BY o.event, o.state = 3, o.state, o.status DESC, s.kind, o.id DESC
"""
_VANISHED = """
SELECT o.id, o.date, o.amount, o.unit, o.status, o.text, s.kind, s.name, s.provider, s.account_id, o.at,
    o.event, o.state
FROM providers_observation o
JOIN providers_source s ON s.id = o.source_id
JOIN providers_financialaccount a ON a.id = s.account_id
WHERE a.user_id = %s AND o.id = ANY(%s) ORDER BY o.date DESC, o.id DESC
"""


class RowSide(TypedDict):
    """A row as its source states it. `stated` is false where no source does so any more."""

    transaction_id: UUID
    account_id: UUID
    account_name: str
    date: date
    status: str
    amount: str
    currency: str
    description: str
    source: str
    first_seen_at: datetime
    stated: bool


class AccountSide(TypedDict):
    """An account that a question is about."""

    account_id: UUID
    name: str
    mask: str
    provider_name: str
    institution: str
    currency: str
    closed: bool


class BalanceSide(TypedDict):
    """A balance that a question is about."""

    account_id: UUID
    amount: str | None
    currency: str
    as_of: datetime | None


class Side(TypedDict):
    """One side of a question: a row, an account or a balance; all null where it is not there any more."""

    row: RowSide | None
    account: AccountSide | None
    balance: BalanceSide | None


def nothing() -> Side:
    """A side that is not there."""
    return {"row": None, "account": None, "balance": None}


def account_side(account: FinancialAccount | None) -> AccountSide | None:
    """An account; none where it has become another."""
    if account is None:
        return None
    return {
        "account_id": account.id,
        "name": account.name,
        "mask": account.mask,
        "provider_name": connectors.name_of(account.connection.provider),
        "institution": account.institution,
        "currency": account.currency,
        "closed": account.closed_at is not None,
    }


def balance_sides(question: Question, account: FinancialAccount) -> tuple[BalanceSide, BalanceSide]:
    """The balance that is shown, and the one that is held back."""
    stated = question.evidence
    ours: BalanceSide = {
        "account_id": account.id,
        "amount": plain(account.balance_current, account.currency),
        "currency": account.currency,
        "as_of": account.balance_as_of,
    }
    amount, as_of = plain(Decimal(stated["balance"]), account.currency), stated.get("as_of")
    return ours, {**ours, "amount": amount, "as_of": datetime.fromisoformat(as_of) if as_of else None}


def rows_of_events(user_id: UUID, events: set[UUID]) -> tuple[dict[UUID, RowSide], dict[UUID, RowSide]]:
    """Each event as it is shown today, and as it would be after a change that is held back."""
    shown: dict[UUID, RowSide] = {}
    held: dict[UUID, RowSide] = {}
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [user_id, list(events)])
        for event, state, *row in cursor.fetchall():
            (held if state == 3 else shown)[event] = _row(event, row, stated=state != 2)
    return shown, held


def rows_of_observations(user_id: UUID, ids: Sequence[int]) -> dict[int, RowSide]:
    """Rows by their observations, those that are not stated any more among them."""
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_VANISHED, [user_id, list(ids)])
        return {
            key: _row(event, row, stated=state in {0, 3}) for key, *row, event, state in cursor.fetchall()
        }


def _row(event: UUID, row: Sequence[Any], *, stated: bool) -> RowSide:
    day, amount, unit, status, text, kind, name, provider, account_id, at = row
    return {
        "transaction_id": event,
        "account_id": account_id,
        "account_name": "",
        "date": day,
        "status": ("scheduled", "pending", "posted")[status],
        "amount": plain(amount, unit),
        "currency": unit,
        "description": text,
        "source": source_name(kind, name, provider),
        "first_seen_at": at,
        "stated": stated,
    }
