"""AccountReader: reads one account from its provider: holdings, transactions, balance history."""

from datetime import date, timedelta
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from dashtam.bridge.doors import run_db
from providers.connectors.base import Connector
from providers.errors import NotSupported, ProviderRefused, ProviderUnreadable
from providers.ledger.ingest import apply_balances, apply_holdings, apply_transactions, upsert_transactions
from providers.ledger.models import FinancialAccount, Transaction
from providers.records import AccountRef, AccountType, TransactionsPage
from providers.sync.budget import Allowance
from providers.sync.models import SyncRun
from providers.wire.http import Client

HISTORY = timedelta(days=730)
LOOK_BACK = timedelta(days=14)
PIECE = timedelta(days=365)  # 366 days with both ends, the most one request may ask for


class AccountReader:
    """Reads one account in one run. Each page is stored whole before the next is requested."""

    def __init__(
        self,
        *,
        run: SyncRun,
        connector: Connector,
        client: Client,
        account: FinancialAccount,
        allowance: Allowance,
    ) -> None:
        self.run = run
        self.connector = connector
        self.client = client
        self.account = account
        self.allowance = allowance
        self.ref = AccountRef(account.provider_account_id, cast("AccountType", account.type))

    async def read(self) -> None:
        """Bring the account up to date. Raises ProviderErrors and SyncOvertaken; pages stored before stay."""
        self.allowance.check_time()
        offers = self.connector.capabilities
        if self.account.type == FinancialAccount.Type.INVESTMENT and "holdings" in offers:
            await self._read_holdings()  # first, because transactions refer to its securities
        if "transactions" in offers:
            await self._read_transactions()
        if "balance_history" in offers:
            await self._read_history()

    async def _read_holdings(self) -> None:
        try:
            record = await self.connector.fetch_holdings(self.client, self.ref)
        except NotSupported:
            return
        await run_db(apply_holdings, self.account, record, timezone.now())

    async def _read_transactions(self) -> None:
        held = self.account.transactions_cursor
        try:
            page = await self._page(held)
        except ProviderRefused:
            if not held:
                raise
            await self._start_over()  # the provider no longer takes our cursor
            return
        await self._read_on(held, page)

    async def _start_over(self) -> None:
        """Read again from the oldest row: known rows are recognised, pending ones not met again are withdrawn."""
        pending = await run_db(_pending, self.account.id)
        page = await self._page("")
        met = await self._read_on(self.account.transactions_cursor, page)
        await run_db(_withdraw, self.run, self.account, sorted(pending - met))

    async def _read_on(self, held: str, page: TransactionsPage) -> set[str]:
        """Store the page and all after it. Returns the ids of pending rows met."""
        cursors, met = {held}, set()
        while True:
            if page.has_more and page.next_cursor in cursors:
                raise ProviderUnreadable(code="cursor_loop")
            met |= {row.id for row in (*page.added, *page.modified) if row.status == "pending"}
            await run_db(_land, self.run, self.account, page, held)
            held = page.next_cursor
            if not page.has_more:
                return met
            self.allowance.spend(page)
            cursors.add(held)
            page = await self._page(held)

    async def _page(self, cursor: str) -> TransactionsPage:
        return await self.connector.fetch_transactions(self.client, self.ref, cursor)

    async def _read_history(self) -> None:
        """Read end-of-day balances: HISTORY the first time, then LOOK_BACK, in pieces of at most a year."""
        as_of = self.account.balance_as_of or timezone.now()
        end = self.account.balance_date or as_of.astimezone(ZoneInfo(self.connector.facts.time_zone)).date()
        first = self.account.history_from is None
        start = end - (HISTORY if first else LOOK_BACK)
        for piece_start, piece_end in _pieces(start, end):
            try:
                records = await self.connector.fetch_balances(self.client, self.ref, piece_start, piece_end)
            except NotSupported:
                return
            await run_db(apply_balances, self.account, records, timezone.now())
        if first:
            await FinancialAccount.objects.filter(id=self.account.id).aupdate(history_from=start)


def _pieces(start: date, end: date) -> list[tuple[date, date]]:
    pieces = []
    while start <= end:
        pieces.append((start, min(start + PIECE, end)))
        start += PIECE + timedelta(days=1)
    return pieces


@transaction.atomic
def _land(run: SyncRun, account: FinancialAccount, page: TransactionsPage, held: str) -> None:
    """Store rows, cursor and the run's counts together. Raises SyncOvertaken for a run that is not ours any more."""
    counts = apply_transactions(account, page, held)
    SyncRun.objects.progress(run, added=counts.added, modified=counts.modified, removed=counts.removed)


def _pending(account_id: UUID) -> set[str]:
    pending = Transaction.objects.filter(account_id=account_id, status=Transaction.Status.PENDING)
    return set(pending.values_list("provider_transaction_id", flat=True))


@transaction.atomic
def _withdraw(run: SyncRun, account: FinancialAccount, ids: list[str]) -> None:
    counts = upsert_transactions(account, [], removed=ids)
    SyncRun.objects.progress(run, removed=counts.removed)
