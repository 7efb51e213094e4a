"""Accounts kept by hand: opened with a balance, and a new balance whenever their person writes one down."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEvent
from dashtam.errors import Conflict, FieldError, NotFound, ValidationFailed
from dashtam.ids import uuid7
from providers.connections.models import Connection
from providers.ledger.counted import newest_day
from providers.ledger.ingest.accounts import apply_balance
from providers.ledger.models import FinancialAccount
from providers.records import AccountRecord, AccountType

PROVIDER = "by-hand"
MOST = 200  # of one person
FIRST_DAY = date(1970, 1, 1)


class NotKeptByHand(Conflict):
    """The balance of an account that an institution or a file states."""

    code = "not_kept_by_hand"
    title = "This balance comes from elsewhere."
    detail = "Only the balance of an account that you keep by hand can be written down."


class TooManyByHand(Conflict):
    """The person keeps as many accounts by hand as there can be."""

    code = "too_many_accounts"
    title = "You have reached the limit of accounts kept by hand."
    detail = "Delete one that you do not need any more."


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to open by hand. What is owed is a negative balance."""

    name: str
    type: AccountType
    currency: str


@dataclass(frozen=True, slots=True)
class Noted:
    """A balance at the end of a day, or now where that is today."""

    current: Decimal
    date: date


def noted(current: Decimal, day: date) -> Noted:
    """A balance of a day that has begun. Raises ValidationFailed."""
    if not FIRST_DAY <= day <= newest_day():
        words = "Give today or an earlier day." if day > FIRST_DAY else "Give a day since 1970."
        raise ValidationFailed(errors=[FieldError("date", "out_of_range", words)])
    return Noted(current, day)


@transaction.atomic
def open_account(*, user_id: UUID, new: NewAccount, noted: Noted) -> UUID:
    """Open an account with its first balance; returns its id. Raises TooManyByHand."""
    place, _ = Connection.objects.get_or_create(
        user_id=user_id,
        provider=PROVIDER,
        provider_subject=PROVIDER,
        defaults={"state": Connection.State.ACTIVE},
    )
    Connection.objects.select_for_update(no_key=True).get(id=place.id)
    if place.accounts.count() >= MOST:
        raise TooManyByHand
    account_id = uuid7()
    account = FinancialAccount.objects.create(
        id=account_id,
        user_id=user_id,
        connection=place,
        provider_account_id=account_id.hex,
        name=new.name,
        type=new.type,
        currency=new.currency,
    )
    _apply(account, noted)
    AuditEvent.objects.record("account.opened", user_id=user_id, account_id=str(account_id))
    return account_id


@transaction.atomic
def note_balance(*, user_id: UUID, id: UUID, noted: Noted) -> None:
    """Write down a balance; one of an earlier day joins the history. Raises NotFound, NotKeptByHand."""
    account = FinancialAccount.objects.select_related("connection").filter(user_id=user_id, id=id).first()
    if account is None:
        raise NotFound
    if account.connection.provider != PROVIDER:
        raise NotKeptByHand
    _apply(account, noted)


def _apply(account: FinancialAccount, noted: Noted) -> None:
    now = timezone.now()
    end = datetime.combine(noted.date, time.min, UTC) + timedelta(days=1, microseconds=-1)
    record = AccountRecord(
        id=account.provider_account_id,
        name=account.name,
        mask="",
        type=account.type,  # type: ignore[arg-type]
        subtype="",
        currency=account.currency,
        current=noted.current,
        available=None,
        limit=None,
        as_of=min(end, now),
        day=noted.date,
    )
    apply_balance(account, record, now)
