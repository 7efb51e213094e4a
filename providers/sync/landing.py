"""Landing: batches of a pull into rows, with the cursors that go with them, in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import cast
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from providers.connections.models import Connection
from providers.connectors.base import Connector
from providers.connectors.contract.batches import CONNECTION, Batch
from providers.ledger import checks
from providers.ledger.accounts.listed import ListedAccount, land_accounts
from providers.ledger.guards.holdings import land_holdings
from providers.ledger.identity.records import Cover, Status
from providers.ledger.ingest import Counts, apply_balances, apply_holdings, upsert_transactions
from providers.ledger.models import FinancialAccount
from providers.records import HoldingRecord, HoldingsRecord, SecurityRecord, TransactionRecord
from providers.sync import sql
from providers.sync.models import SyncRun

CURSOR, INSTITUTION = 10_000, 200  # characters
AHEAD = timedelta(hours=14)  # of UTC, the earliest clock on Earth
NOTHING: Mapping[str, AbstractSet[str]] = MappingProxyType({})
STATUSES = {"pending": Status.PENDING, "posted": Status.POSTED}


@transaction.atomic
def land_batches(
    run: SyncRun,
    connector: Connector,
    batches: Sequence[Batch],
    now: datetime,
    said: Mapping[str, AbstractSet[str]] = NOTHING,
    listed: AbstractSet[str] = frozenset(),
) -> dict[str, str] | None:
    """Store what the batches say, all or nothing. Raises ProviderUnreadable, SyncOvertaken.

    `said` are, by account, ids of rows that this pull has brought before, `listed` the accounts that it has listed.
    Where accounts are among what the batches say, the run counts those that it does not know of yet, and the names of
    all that are read are returned, those that their person has closed among them as long as they are listed.
    """
    connection = _locked(run.connection_id)
    for batch in batches:
        if batch.accounts is not None:
            _land_accounts(connection, connector, batch, now)
    lists = any(batch.accounts is not None for batch in batches)
    accounts = _accounts(connection, None if lists else _named(batches))
    for batch in batches:
        for name, record in batch.holdings.items():
            if account := accounts.get(name):
                land_holdings(account, record, now)
    landed = _land_rows(connection, accounts, batches, now, said)
    for batch in batches:
        for name, balances in batch.balances.items():
            if account := accounts.get(name):
                apply_balances(account, balances, now)
        _move_on(connection, accounts, batch, now)
    counts = {"added": landed.added, "modified": landed.modified, "removed": landed.removed}
    names = None
    if lists:
        _name(connection, connector, accounts)
        listed |= {record.id for batch in batches for record in batch.accounts or ()}
        names = {
            each.provider_account_id: each.name
            for each in accounts.values()
            if each.closed_at is None or (each.closed_by_person and each.provider_account_id in listed)
        }
        counts["accounts_total"] = max(0, len(names) - run.accounts_total)
    SyncRun.objects.progress(run, **counts)
    return names


def _locked(connection_id: UUID) -> Connection:
    for (connection,) in sql.CONNECTION.read({"id": connection_id}):
        return cast("Connection", connection)
    raise Connection.DoesNotExist


def _named(batches: Sequence[Batch]) -> list[str]:
    """The accounts that the batches are about."""
    told = (
        name
        for batch in batches
        for name in (
            *(*batch.rows, *batch.gone, *batch.holdings, *batch.balances, *batch.cursors),
            *_covered(batch),
        )
    )
    return list(dict.fromkeys(told))


def _accounts(connection: Connection, named: Sequence[str] | None) -> dict[str, FinancialAccount]:
    """The connection's accounts of these names, or all."""
    found = [account for (account,) in sql.ACCOUNTS.read({"connection": connection.id, "named": named})]
    for account in found:
        account.connection = connection
    return {account.provider_account_id: account for account in found}


def _name(connection: Connection, connector: Connector, accounts: Mapping[str, FinancialAccount]) -> None:
    """Note the institution behind a consent that is for one: mails and pages call the connection by it."""
    found = {each.institution for each in accounts.values() if each.institution and each.closed_at is None}
    if connector.facts.behind != "each" or not found:
        return
    name = next(iter(found)) if len(found) == 1 else ""
    if connection.institution != name:
        Connection.objects.filter(id=connection.id).update(institution=name)


def read_to_its_end(connection_id: UUID, troubled: Collection[str]) -> None:
    """Note that a pull has come to its end: from now on hundreds of old rows at once are a surprise.

    Accounts in trouble may have more to tell.
    """
    with database.cursor() as cursor:
        cursor.execute(sql.READ_TO_ITS_END, {"connection": connection_id, "troubled": list(troubled)})


def _land_accounts(connection: Connection, connector: Connector, batch: Batch, now: datetime) -> None:
    records = [connector.at_home(record) for record in batch.accounts or ()]
    listed = [ListedAccount(record, record.aliases) for record in records]
    accounts = land_accounts(connection, listed, now, complete=not batch.troubles)
    by_id = {account.provider_account_id: account for account in accounts}
    for record in records:
        account = by_id.get(record.id)
        if account is None:
            continue  # its person deleted it
        institution = checks.text(record.institution, INSTITUTION)
        if account.institution != institution:
            FinancialAccount.objects.filter(id=account.id).update(institution=institution)
        if record.pockets:
            apply_holdings(account, _pockets(record.pockets, record.as_of), now)


def _pockets(pockets: Sequence[tuple[str, Decimal]], as_of: datetime) -> HoldingsRecord:
    """Balances in several units, as holdings of cash; what else the account holds stays."""
    holdings = [
        HoldingRecord(f"cash:{unit}", amount, Decimal(1), amount, None, unit) for unit, amount in pockets
    ]
    securities = [SecurityRecord(f"cash:{unit}", unit, unit, "cash", "", "", unit) for unit, _ in pockets]
    return HoldingsRecord(as_of=as_of, holdings=holdings, securities=securities, complete=False)


def _covered(batch: Batch) -> Sequence[str]:
    return [cover.account for cover in batch.covers]


def _land_rows(
    connection: Connection,
    accounts: Mapping[str, FinancialAccount],
    batches: Sequence[Batch],
    now: datetime,
    said: Mapping[str, AbstractSet[str]],
) -> Counts:
    """Land what the batches together say of each account's rows."""
    told = {name for batch in batches for name in (*batch.rows, *batch.gone, *_covered(batch))}
    anew = {name for batch in batches for name in batch.anew}
    landed = Counts()
    for name in sorted(told & accounts.keys()):
        account = accounts[name]
        if account.closed_at is not None and not account.closed_by_person:
            continue
        rows, gone = _rows(batches, name)
        before = frozenset() if name in anew else frozenset(said.get(name, ()))
        news = name not in anew and bool(account.transactions_cursor or connection.cursor)
        covers = _covers(batches, name)
        landed += upsert_transactions(
            account, rows, removed=gone, covers=covers, said=before, news=news, at=now
        )
    return landed


def _rows(batches: Sequence[Batch], account: str) -> tuple[list[TransactionRecord], list[str]]:
    """The rows of an account and the ids that are gone; the batch that came last says what holds."""
    rows: dict[str, TransactionRecord] = {}
    nameless: list[TransactionRecord] = []
    gone: dict[str, None] = {}
    for batch in batches:
        for row in batch.rows.get(account, ()):
            if not row.id:
                nameless.append(row)
                continue
            rows.pop(row.id, None)
            rows[row.id] = row
            gone.pop(row.id, None)
        for name in batch.gone.get(account, ()):
            gone[name] = None
            rows.pop(name, None)
    return [*rows.values(), *nameless], list(gone)


def _covers(batches: Sequence[Batch], account: str) -> list[Cover]:
    return [
        Cover(cover.first, cover.last, frozenset(STATUSES[status] for status in cover.statuses))
        for batch in batches
        for cover in batch.covers
        if cover.account == account
    ]


def _move_on(
    connection: Connection, accounts: Mapping[str, FinancialAccount], batch: Batch, now: datetime
) -> None:
    """Move the cursors, and the day up to which each account's rows are known."""
    for name, told in batch.cursors.items():
        cursor = checks.opaque(told, CURSOR)
        if name == CONNECTION:
            Connection.objects.filter(id=connection.id).update(cursor=cursor)
        elif (account := accounts.get(name)) and account.transactions_cursor != cursor:
            account.transactions_cursor = cursor
            FinancialAccount.objects.filter(id=account.id).update(transactions_cursor=cursor)
    for cover in batch.covers:
        account = accounts.get(cover.account)
        if account is not None and "posted" in cover.statuses:
            known = account.covered_to
            last = min(cover.last, (now + AHEAD).date())
            account.covered_to = last if known is None else max(known, last)
            FinancialAccount.objects.filter(id=account.id).update(covered_to=account.covered_to)
