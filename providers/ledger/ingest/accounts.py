"""Writes accounts and their balances. A value is never replaced by an older one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import compress
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import F
from django.utils import timezone

from dashtam.bridge.database import one_transaction
from providers.connections.models import Connection, DeletedAccount
from providers.errors import ProviderUnreadable
from providers.ledger import checks
from providers.ledger.models import FinancialAccount
from providers.records import AccountRecord, BalanceRecord

_BALANCE = (
    *("balance_current", "balance_available", "balance_limit", "balance_as_of", "balance_date"),
    *("balance_lacks", "balance_fetched_at"),
)

# The columns that a list of accounts tells, with the type of each.
_TOLD = {
    **dict.fromkeys(("name", "institution_name", "mask", "type", "subtype", "currency"), "text"),
    "closed_at": "timestamptz",
    **dict.fromkeys(("balance_current", "balance_available", "balance_limit"), "numeric"),
    "balance_as_of": "timestamptz",
    "balance_date": "date",
    "balance_lacks": "text",
    "balance_fetched_at": "timestamptz",
}
_UPDATE = f"""
UPDATE providers_financialaccount AS held
SET ({", ".join(_TOLD)}, balances_version) = ({", ".join(f"new.{name}" for name in _TOLD)}, held.balances_version + 1)
FROM unnest(%(id)s::uuid[], {", ".join(f"%({name})s::{kind}[]" for name, kind in _TOLD.items())})
    AS new (id, {", ".join(_TOLD)})
WHERE held.id = new.id
"""  # noqa: S608 our own columns

_SNAPSHOTS = """
INSERT INTO providers_balancesnapshot AS held (
    account_id, date, current, available, "limit", lacks, as_of, fetched_at
)
SELECT new.account_id, new.date, new.current, new.available, new."limit", new.lacks, new.as_of, %(fetched_at)s
FROM unnest(
    %(accounts)s::uuid[], %(dates)s::date[], %(current)s::numeric[], %(available)s::numeric[], %(limits)s::numeric[],
    %(lacks)s::text[], %(as_of)s::timestamptz[]
) AS new (account_id, date, current, available, "limit", lacks, as_of)
ON CONFLICT (account_id, date) DO UPDATE
SET (current, available, "limit", lacks, as_of, fetched_at)
  = (EXCLUDED.current, EXCLUDED.available, EXCLUDED."limit", EXCLUDED.lacks, EXCLUDED.as_of, EXCLUDED.fetched_at)
WHERE held.as_of <= EXCLUDED.as_of
  AND (held.current, held.available, held."limit", held.lacks, held.as_of)
    IS DISTINCT FROM (EXCLUDED.current, EXCLUDED.available, EXCLUDED."limit", EXCLUDED.lacks, EXCLUDED.as_of)
"""


@one_transaction()
def apply_accounts(
    connection: Connection,
    records: Sequence[AccountRecord],
    fetched_at: datetime,
    *,
    complete: bool = True,
    keep_open: Collection[UUID] = (),
) -> list[FinancialAccount]:
    """Bring the connection's accounts to what the provider lists, in its order, with a snapshot of each balance.

    An account that a complete list has no more is closed, not deleted, unless it is to be kept open; one that its
    person deleted stays away. The caller holds the connection's lock. Raises ProviderUnreadable.
    """
    _check(records)
    held = {
        account.provider_account_id: account for account in connection.accounts.select_for_update(no_key=True)
    }
    away = DeletedAccount.objects.of(connection)
    wanted = [record for record in records if record.id not in away]
    accounts = [_described(held.get(record.id), connection, record) for record in wanted]
    for account in accounts:
        account.connection = connection
    newer = [take_balance(*pair, fetched_at) for pair in zip(accounts, wanted, strict=True)]
    FinancialAccount.objects.bulk_create(
        [account for account in accounts if account.provider_account_id not in held]
    )
    _update([account for account in accounts if account.provider_account_id in held])
    if records and complete:  # an empty list is more likely a fault of the provider than the truth
        _close(held.keys() - {record.id for record in records}, held, keep_open, fetched_at)
    snapshot(list(compress(zip(accounts, wanted, strict=True), newer)), fetched_at)
    return accounts


def _update(accounts: Sequence[FinancialAccount]) -> None:
    if accounts:
        columns = {name: [getattr(account, name) for account in accounts] for name in ("id", *_TOLD)}
        with database.cursor() as cursor:
            cursor.execute(_UPDATE, columns)


def _close(
    missing: Collection[str],
    held: Mapping[str, FinancialAccount],
    keep_open: Collection[UUID],
    fetched_at: datetime,
) -> None:
    ids = [held[name].id for name in missing if held[name].closed_at is None]
    if gone := [each for each in ids if each not in keep_open]:
        FinancialAccount.objects.filter(id__in=gone).update(
            closed_at=fetched_at, balances_version=F("balances_version") + 1
        )


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
        connection=connection, user_id=connection.user_id, provider_account_id=record.id, balances_version=1
    )
    account.named_by_institution(checks.text(record.name, 200))
    account.mask = checks.text(record.mask, 200)[-8:]
    account.type = record.type
    account.subtype = checks.text(record.subtype, 40)
    account.currency = record.currency
    if not account.closed_by_person:
        account.closed_at = None
    return account


def take_balance(account: FinancialAccount, record: AccountRecord, fetched_at: datetime) -> bool:
    """Set the balance in memory, unless what we hold is newer; then False.

    Where it is not told, or only what is available, the account keeps the current one that it has.
    """
    if account.balance_as_of is not None and record.as_of < account.balance_as_of:
        return False
    if record.current is None and account.balance_current is not None:
        account.balance_available = record.available
        return False
    account.balance_current = record.current
    account.balance_available = record.available
    account.balance_limit = record.limit
    account.balance_lacks = record.lacks
    account.balance_as_of = record.as_of
    account.balance_date = day_of(record)
    account.balance_fetched_at = fetched_at
    return True


def day_of(record: AccountRecord) -> date:
    """The day where the institution is: in UTC, a balance of an evening in California is one of the next day."""
    return record.day or record.as_of.date()


def snapshot(balances: Sequence[tuple[FinancialAccount, AccountRecord]], fetched_at: datetime) -> None:
    """Write each balance that is known as the snapshot of its day."""
    known = [(account, record) for account, record in balances if record.current is not None]
    if not known:
        return
    _snapshots(
        accounts=[account.id for account, _ in known],
        dates=[day_of(record) for _, record in known],
        current=[record.current for _, record in known],
        available=[record.available for _, record in known],
        limits=[record.limit for _, record in known],
        lacks=[record.lacks for _, record in known],
        as_of=[record.as_of for _, record in known],
        fetched_at=fetched_at,
    )


@one_transaction()
def apply_balance(account: FinancialAccount, record: AccountRecord, fetched_at: datetime) -> None:
    """Write one balance: to its own day, and to the account unless that holds a newer one."""
    checks.numbers(record.current, record.available, record.limit)
    account.refresh_from_db(from_queryset=FinancialAccount.objects.select_for_update(no_key=True))
    take_balance(account, record, fetched_at)
    account.save(update_fields=_BALANCE)
    snapshot([(account, record)], fetched_at)
    _touch([account.id])


@one_transaction()
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
        lacks=[""] * len(records),
        as_of=[end_of_day(record) for record in records],
        fetched_at=fetched_at or timezone.now(),
    )
    _touch([account.id])


def _touch(ids: Iterable[UUID]) -> None:
    FinancialAccount.objects.filter(id__in=list(ids)).update(balances_version=F("balances_version") + 1)


def end_of_day(record: BalanceRecord) -> datetime:
    """The last moment of the record's day, in UTC."""
    return datetime.combine(record.date, time.min, UTC) + timedelta(days=1, microseconds=-1)


def _snapshots(**columns: Any) -> None:
    with database.cursor() as cursor:
        cursor.execute(_SNAPSHOTS, columns)
