"""AccountReader: reads one account from its provider: holdings, transactions, balance history."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from dashtam.bridge.doors import run_db
from providers.connectors.base import Connector
from providers.connectors.contract.batches import StartAgain
from providers.errors import BudgetSpent, EndlessFeed, NotSupported, ProviderRefused, ProviderUnreadable
from providers.ledger.guards.holdings import land_holdings
from providers.ledger.identity.records import Cover
from providers.ledger.ingest import apply_balances, apply_transactions
from providers.ledger.models import FinancialAccount
from providers.records import AccountRef, AccountType, TransactionRecord, TransactionsPage
from providers.sync.budget import Allowance
from providers.sync.models import SyncRun
from providers.wire.http import Client

HISTORY = timedelta(days=730)
LOOK_BACK = timedelta(days=14)
ATTEMPTS = 3  # readings of one account, where the provider keeps changing its data under our pages
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
        await run_db(land_holdings, self.account, record, timezone.now())

    async def _read_transactions(self) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._read_changes(self.account.transactions_cursor)
                return
            except StartAgain:
                if attempt == ATTEMPTS:
                    raise
                await run_db(self.account.refresh_from_db, fields=["transactions_cursor"])

    async def _read_changes(self, held: str) -> None:
        """Read on from a cursor, or from the start where the provider no longer takes it."""
        try:
            page = await self._page(held)
        except ProviderRefused:
            if not held:
                raise
            await self._start_over()
            return
        await self._read_on(held, page)

    @property
    def _nameless(self) -> bool:
        """True if equal rows can be told apart by their number alone: then all pages land as one."""
        return self.connector.facts.ids == "none"

    async def _start_over(self) -> None:
        """Read again from the oldest row: all pages are one statement, and what it does not state is gone.

        What more than one run has to read lands without saying that anything is gone.
        """
        held, pages = self.account.transactions_cursor, [await self._page("")]
        cursors = {"", pages[0].next_cursor}
        try:
            while pages[-1].has_more:
                self.allowance.spend(pages[-1])
                pages.append(await self._page(pages[-1].next_cursor))
                _require_new(pages[-1], cursors)
        except (BudgetSpent, EndlessFeed):
            await run_db(_land, self.run, self.account, _joined(pages), held, from_start=True)
            raise
        whole = _joined(pages)
        await run_db(_land, self.run, self.account, whole, held, from_start=True, covers=_cover_of(whole))

    async def _read_on(self, held: str, page: TransactionsPage) -> None:
        """Store the page and all after it."""
        cursors: set[str] = {held}
        said: set[str] = set()
        nameless: list[TransactionsPage] = []
        while True:
            _require_new(page, cursors)
            if self._nameless:
                nameless.append(page)
                if page.has_more:
                    self.allowance.spend(page)
                    page = await self._page(page.next_cursor)
                    continue
                page = _joined(nameless)
            await run_db(_land, self.run, self.account, page, held, said=frozenset(said))
            held = page.next_cursor
            if not page.has_more:
                return
            said |= {row.id for row in (*page.added, *page.modified) if row.id}
            self.allowance.spend(page)
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


def _require_new(page: TransactionsPage, cursors: set[str]) -> None:
    """Raises ProviderUnreadable for a page that leads back to one before it."""
    if page.has_more and page.next_cursor in cursors:
        raise ProviderUnreadable(code="cursor_loop")
    cursors.add(page.next_cursor)


def _cover_of(page: TransactionsPage) -> list[Cover]:
    """The days from the oldest row on; none where there is no row, since an empty answer proves nothing."""
    days = [row.date for row in (*page.added, *page.modified)]
    return [Cover(min(days), date.max)] if days else []


def _joined(pages: Sequence[TransactionsPage]) -> TransactionsPage:
    """The pages as one: of an id that several of them name, the last word holds."""
    rows: list[TransactionRecord] = []
    named: dict[str, TransactionRecord] = {}
    gone: dict[str, None] = {}
    for page in pages:
        for row in (*page.added, *page.modified):
            gone.pop(row.id, None)
            if row.id:
                named.pop(row.id, None)
                named[row.id] = row
            else:
                rows.append(row)
        for name in page.removed:
            named.pop(name, None)
            gone[name] = None
    return replace(pages[-1], added=[*rows, *named.values()], modified=[], removed=list(gone))


@transaction.atomic
def _land(
    run: SyncRun,
    account: FinancialAccount,
    page: TransactionsPage,
    held: str,
    *,
    said: frozenset[str] = frozenset(),
    from_start: bool = False,
    covers: Sequence[Cover] = (),
) -> None:
    """Store rows, cursor and the run's counts together. Raises SyncOvertaken for a run that is not ours any more."""
    counts = apply_transactions(account, page, held, said=said, from_start=from_start, covers=covers)
    SyncRun.objects.progress(run, added=counts.added, modified=counts.modified, removed=counts.removed)
