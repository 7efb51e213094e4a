"""Writes accounts and their balances. A value is never replaced by an older one."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from providers.connections.models import Connection, DeletedAccount
from providers.errors import ProviderUnreadable
from providers.ledger.ingest import checks
from providers.ledger.models import FinancialAccount
from providers.records import AccountRecord, BalanceRecord

_DESCRIPTION = ("name", "institution_name", "mask", "type", "subtype", "currency", "closed_at")
_BALANCE = ("balance_current", "balance_available", "balance_limit", "balance_as_of", "balance_fetched_at")

_SNAPSHOTS = """
INSERT INTO providers_balancesnapshot AS held (account_id, date, current, available, "limit", as_of, fetched_at)
SELECT new.account_id, new.date, new.current, new.available, new."limit", new.as_of, %(fetched_at)s
FROM unnest(
    %(accounts)s::uuid[], %(dates)s::date[], %(current)s::numeric[], %(available)s::numeric[], %(limits)s::numeric[],
    %(as_of)s::timestamptz[]
) AS new (account_id, date, current, available, "limit", as_of)
ON CONFLICT (account_id, date) DO UPDATE
SET (current, available, "limit", as_of, fetched_at)
  = (EXCLUDED.current, EXCLUDED.available, EXCLUDED."limit", EXCLUDED.as_of, EXCLUDED.fetched_at)
WHERE held.as_of <= EXCLUDED.as_of
  AND (held.current, held.available, held."limit", held.as_of)
    IS DISTINCT FROM (EXCLUDED.current, EXCLUDED.available, EXCLUDED."limit", EXCLUDED.as_of)
"""


@transaction.atomic
def apply_accounts(
    connection: Connection, records: Sequence[AccountRecord], fetched_at: datetime
) -> list[FinancialAccount]:
    """Bring the connection's accounts to what the provider lists, in its order, with a snapshot of each balance.

    An account that is listed no more is closed, not deleted; one that its person deleted stays away. Raises
    ProviderUnreadable.
    """
    _check(records)
    Connection.objects.select_for_update(no_key=True).get(id=connection.id)
    held = {
        account.provider_account_id: account for account in connection.accounts.select_for_update(no_key=True)
    }
    away = DeletedAccount.objects.of(connection)
    wanted = [record for record in records if record.id not in away]
    accounts = [_described(held.get(record.id), connection, record) for record in wanted]
    for account, record in zip(accounts, wanted, strict=True):
        account.connection = connection
        take_balance(account, record, fetched_at)
    FinancialAccount.objects.bulk_create(
        [account for account in accounts if account.provider_account_id not in held]
    )
    known = [account for account in accounts if account.provider_account_id in held]
    FinancialAccount.objects.bulk_update(known, (*_DESCRIPTION, *_BALANCE))
    if records:  # an empty list is more likely a fault of the provider than the truth
        listed = {record.id for record in records}
        missing = connection.accounts.filter(closed_at=None).exclude(provider_account_id__in=listed)
        missing.update(closed_at=fetched_at, balances_version=F("balances_version") + 1)
    snapshot(accounts, fetched_at)
    return accounts


def _check(records: Sequence[AccountRecord]) -> None:
    checks.ids((record.id for record in records), longest=200)
    if len({record.id for record in records}) != len(records):
        raise ProviderUnreadable(code="contradictory_page")
    for record in records:
        checks.currency(record.currency)
        checks.numbers(record.current, record.available, record.limit)


def _described(
    account: FinancialAccount | None, connection: Connection, record: AccountRecord
) -> FinancialAccount:
    account = account or FinancialAccount(
        connection=connection, user_id=connection.user_id, provider_account_id=record.id
    )
    account.named_by_institution(checks.text(record.name, 200))
    account.mask = checks.text(record.mask, 200)[-8:]
    account.type = record.type
    account.subtype = checks.text(record.subtype, 40)
    account.currency = record.currency
    if not account.closed_by_person:
        account.closed_at = None
    return account


def take_balance(account: FinancialAccount, record: AccountRecord, fetched_at: datetime) -> None:
    """Set the balance in memory, unless what we hold is newer."""
    if account.balance_as_of is not None and record.as_of < account.balance_as_of:
        return
    account.balance_current = record.current
    account.balance_available = record.available
    account.balance_limit = record.limit
    account.balance_as_of = record.as_of
    account.balance_fetched_at = fetched_at


def snapshot(accounts: Sequence[FinancialAccount], fetched_at: datetime) -> None:
    """Write each account's balance as the snapshot of its day."""
    known = [account for account in accounts if account.balance_current is not None and account.balance_as_of]
    _snapshots(
        accounts=[account.id for account in known],
        dates=[account.balance_as_of.astimezone(UTC).date() for account in known if account.balance_as_of],
        current=[account.balance_current for account in known],
        available=[account.balance_available for account in known],
        limits=[account.balance_limit for account in known],
        as_of=[account.balance_as_of for account in known],
        fetched_at=fetched_at,
    )
    touched = FinancialAccount.objects.filter(id__in=[account.id for account in accounts])
    touched.update(balances_version=F("balances_version") + 1)


@transaction.atomic
def apply_balance(account: FinancialAccount, record: AccountRecord, fetched_at: datetime) -> None:
    """Write one known balance: to its own day, and to the account unless that holds a newer one."""
    checks.numbers(record.current, record.available, record.limit)
    account.refresh_from_db(from_queryset=FinancialAccount.objects.select_for_update(no_key=True))
    take_balance(account, record, fetched_at)
    account.save(update_fields=_BALANCE)
    _snapshots(
        accounts=[account.id],
        dates=[record.as_of.astimezone(UTC).date()],
        current=[record.current],
        available=[record.available],
        limits=[record.limit],
        as_of=[record.as_of],
        fetched_at=fetched_at,
    )
    FinancialAccount.objects.filter(id=account.id).update(balances_version=F("balances_version") + 1)


@transaction.atomic
def apply_balances(
    account: FinancialAccount, records: Sequence[BalanceRecord], fetched_at: datetime | None = None
) -> None:
    """Write end-of-day balances. Raises ProviderUnreadable."""
    records = list({record.date: record for record in records}.values())
    for record in records:
        checks.numbers(record.current, record.available)
    _snapshots(
        accounts=[account.id] * len(records),
        dates=[record.date for record in records],
        current=[record.current for record in records],
        available=[record.available for record in records],
        limits=[None] * len(records),
        as_of=[end_of_day(record) for record in records],
        fetched_at=fetched_at or timezone.now(),
    )
    FinancialAccount.objects.filter(id=account.id).update(balances_version=F("balances_version") + 1)


def end_of_day(record: BalanceRecord) -> datetime:
    """The last moment of the record's day, in UTC."""
    return datetime.combine(record.date, time.min, UTC) + timedelta(days=1, microseconds=-1)


def _snapshots(**columns: Any) -> None:
    with database.cursor() as cursor:
        cursor.execute(_SNAPSHOTS, columns)
