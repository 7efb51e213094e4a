"""Landing: batches of a pull into rows, with the cursors that go with them, in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from providers.connections.models import Connection
from providers.connectors.base import Connector
from providers.connectors.contract.batches import CONNECTION, Batch
from providers.errors import ProviderUnreadable
from providers.ledger.accounts.listed import ListedAccount, land_accounts
from providers.ledger.adoption import feed
from providers.ledger.guards.holdings import land_holdings
from providers.ledger.identity.records import Cover, Status
from providers.ledger.ingest import apply_balances, apply_holdings
from providers.ledger.models import FinancialAccount
from providers.ledger.observations.landing import land
from providers.ledger.observations.models import Source
from providers.ledger.observations.statements import Statement
from providers.records import HoldingRecord, HoldingsRecord, SecurityRecord, TransactionRecord
from providers.sync.models import SyncRun

STATUSES = {"pending": Status.PENDING, "posted": Status.POSTED}


@transaction.atomic
def land_batches(run: SyncRun, connector: Connector, batches: Sequence[Batch], now: datetime) -> None:
    """Store what the batches say, all or nothing. Raises ProviderUnreadable, SyncOvertaken."""
    connection = Connection.objects.select_for_update(no_key=True).get(id=run.connection_id)
    for batch in batches:
        if batch.accounts is not None:
            _land_accounts(connection, connector, batch, now)
    accounts = {each.provider_account_id: each for each in connection.accounts.all()}
    for batch in batches:
        for name, record in batch.holdings.items():
            if account := accounts.get(name):
                land_holdings(account, record, now)
    observer = feed(connection, connector.facts)
    together = {name for batch in batches for name in (*batch.rows, *batch.gone, *_covered(batch))}
    landed = [
        land(accounts[name], observer, _statement(batches, name, now))
        for name in sorted(together)
        if name in accounts and accounts[name].closed_at is None
    ]
    for batch in batches:
        for name, balances in batch.balances.items():
            if account := accounts.get(name):
                apply_balances(account, balances, now)
        _move_on(connection, accounts, batch)
    SyncRun.objects.progress(
        run,
        added=sum(each.shown.added for each in landed),
        modified=sum(each.shown.modified for each in landed),
        removed=sum(each.shown.removed for each in landed),
    )


def read_to_its_end(connection_id: UUID) -> None:
    """Note that a pull has come to its end: from now on hundreds of old rows at once are a surprise."""
    feeds = Source.objects.filter(
        account__connection=connection_id, kind=Source.Kind.FEED, name=connection_id
    )
    feeds.filter(complete_at=None).update(complete_at=timezone.now())


def _land_accounts(connection: Connection, connector: Connector, batch: Batch, now: datetime) -> None:
    records = [connector.at_home(record) for record in batch.accounts or ()]
    listed = [ListedAccount(record, record.aliases) for record in records]
    accounts = land_accounts(connection, listed, now, complete=not batch.troubles)
    by_id = {account.provider_account_id: account for account in accounts}
    for record in records:
        account = by_id.get(record.id)
        if account is None:
            continue  # its person deleted it
        if account.institution != record.institution[:200]:
            FinancialAccount.objects.filter(id=account.id).update(institution=record.institution[:200])
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


def _statement(batches: Sequence[Batch], account: str, now: datetime) -> Statement:
    """One statement of an account, in which the batch that came last says what holds."""
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
    covers = tuple(
        Cover(cover.first, cover.last, frozenset(STATUSES[status] for status in cover.statuses))
        for batch in batches
        for cover in batch.covers
        if cover.account == account
    )
    return Statement([*rows.values(), *nameless], covers=covers, gone=tuple(gone), at=now)


def _move_on(connection: Connection, accounts: Mapping[str, FinancialAccount], batch: Batch) -> None:
    """Move the cursors, and the day up to which each account's rows are known."""
    for name, cursor in batch.cursors.items():
        if len(cursor) > 2000 or "\x00" in cursor:
            raise ProviderUnreadable(code="bad_id")
        if name == CONNECTION:
            Connection.objects.filter(id=connection.id).update(cursor=cursor)
        elif account := accounts.get(name):
            FinancialAccount.objects.filter(id=account.id).update(transactions_cursor=cursor)
    for cover in batch.covers:
        account = accounts.get(cover.account)
        if account is not None and "posted" in cover.statuses:
            known = account.covered_to
            account.covered_to = cover.last if known is None else max(known, cover.last)
            FinancialAccount.objects.filter(id=account.id).update(covered_to=account.covered_to)
