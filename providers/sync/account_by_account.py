"""AccountByAccount: the easy way in. It asks the `fetch_` methods of a connector and tells the answers in batches."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import date, timedelta
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from dashtam.bridge.doors import run_db
from providers.connectors.base import Connector
from providers.connectors.contract.batches import Batch, Cover, StartAgain
from providers.errors import (
    BudgetSpent,
    ConsentEnded,
    EndlessFeed,
    NotSupported,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnreadable,
)
from providers.ledger.models import FinancialAccount
from providers.records import AccountRef, AccountType, TransactionRecord, TransactionsPage
from providers.sync.budget import Allowance, Shares
from providers.wire.http import Client

HISTORY = timedelta(days=730)
LOOK_BACK = timedelta(days=14)
ATTEMPTS = 3  # readings of one account, where the provider keeps changing its data under our pages
PIECE = timedelta(days=365)  # 366 days with both ends, the most one request may ask for


class AccountByAccount:
    """Reads a connection's accounts one after the other. Each batch has landed when the next is asked for.

    What is wrong with one account is its own trouble, also a batch of it that could not land.
    """

    def __init__(self, *, connection_id: UUID, connector: Connector, client: Client, shares: Shares) -> None:
        self.connection_id = connection_id
        self.connector = connector
        self.client = client
        self.shares = shares

    async def pull(self) -> AsyncGenerator[Batch, None]:
        """All that the connector offers. Raises ProviderErrors that are about more than one account."""
        listed = list(await self.connector.fetch_accounts(self.client))
        yield Batch(accounts=listed)
        accounts = await run_db(self._open, [record.id for record in listed])
        for account, allowance in self.shares.of(accounts):
            name = account.provider_account_id
            yield Batch(turn=name)
            try:
                async with aclosing(self._account(account, allowance)) as batches:
                    async for batch in batches:
                        yield batch
            except (ConsentEnded, ProviderRateLimited):
                raise
            except ProviderError as error:
                yield Batch(troubles={name: error})

    def _open(self, listed: Sequence[str]) -> list[FinancialAccount]:
        mine = FinancialAccount.objects.filter(connection_id=self.connection_id)
        found = mine.filter(Q(closed_at=None) | Q(closed_by_person=True), provider_account_id__in=listed)
        return sorted(found, key=lambda account: listed.index(account.provider_account_id))

    async def _account(self, account: FinancialAccount, allowance: Allowance) -> AsyncGenerator[Batch, None]:
        allowance.check_time()
        offers = self.connector.capabilities
        name, ref = account.provider_account_id, _ref(account)
        if account.type == FinancialAccount.Type.INVESTMENT and "holdings" in offers:
            try:  # first, because transactions refer to its securities
                held = await self.connector.fetch_holdings(self.client, ref)
            except NotSupported:
                held = None
            if held is not None:
                yield Batch(holdings={name: held})
        if "transactions" in offers:
            async with aclosing(self._transactions(account, allowance)) as batches:
                async for batch in batches:
                    yield batch
        if "balance_history" in offers:
            async with aclosing(self._history(account)) as batches:
                async for batch in batches:
                    yield batch

    async def _transactions(
        self, account: FinancialAccount, allowance: Allowance
    ) -> AsyncGenerator[Batch, None]:
        """The changes since the cursor that is held; a feed that has changed meanwhile is read on from there again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with aclosing(self._changes(account, allowance)) as batches:
                    async for batch in batches:
                        yield batch
                return
            except StartAgain:
                if attempt == ATTEMPTS:
                    raise
                account.transactions_cursor = await run_db(_cursor, account)

    async def _changes(self, account: FinancialAccount, allowance: Allowance) -> AsyncGenerator[Batch, None]:
        """Read on from a cursor, or from the start where the provider no longer takes it."""
        held = account.transactions_cursor
        try:
            first = await self._page(account, held)
        except ProviderRefused:
            if not held:
                raise
            async for batch in self._from_the_start(account, allowance):
                yield batch
            return
        pages: list[TransactionsPage] = []  # that wait for others
        try:
            async with aclosing(self._pages(account, first, {held}, allowance)) as following:
                async for page in following:
                    pages.append(page)
                    if page.has_more and self.connector.facts.ids == "none":
                        continue  # equal rows can be told apart by their number alone, so all pages land as one
                    whole, pages = _joined(pages), []
                    yield _batch(account, whole)
        except (BudgetSpent, EndlessFeed):
            if pages:
                yield _batch(account, _joined(pages))
            raise

    async def _from_the_start(
        self, account: FinancialAccount, allowance: Allowance
    ) -> AsyncGenerator[Batch, None]:
        """Read again from the oldest row: all pages are one statement, and what it does not state is gone.

        What more than one run has to read is told without saying that anything is gone.
        """
        pages: list[TransactionsPage] = []
        try:
            first = await self._page(account, "")
            async for page in self._pages(account, first, {""}, allowance):
                pages.append(page)  # noqa: PERF401 what was read before an error is told
        except (BudgetSpent, EndlessFeed):
            yield replace(_batch(account, _joined(pages)), anew=[account.provider_account_id])
            raise
        whole = _joined(pages)
        covers = _covers(account, whole)
        yield replace(_batch(account, whole), anew=[account.provider_account_id], covers=covers)

    async def _pages(
        self, account: FinancialAccount, page: TransactionsPage, cursors: set[str], allowance: Allowance
    ) -> AsyncGenerator[TransactionsPage, None]:
        """The page and all after it. Raises ProviderUnreadable for one that leads back to one before it."""
        while True:
            if page.has_more and page.next_cursor in cursors:
                raise ProviderUnreadable(code="cursor_loop")
            cursors.add(page.next_cursor)
            yield page
            if not page.has_more:
                return
            allowance.spend(page)
            page = await self._page(account, page.next_cursor)

    async def _page(self, account: FinancialAccount, cursor: str) -> TransactionsPage:
        return await self.connector.fetch_transactions(self.client, _ref(account), cursor)

    async def _history(self, account: FinancialAccount) -> AsyncGenerator[Batch, None]:
        """Read end-of-day balances: HISTORY the first time, then LOOK_BACK, in pieces of at most a year."""
        as_of = account.balance_as_of or timezone.now()
        end = account.balance_date or as_of.astimezone(ZoneInfo(self.connector.facts.time_zone)).date()
        first = account.history_from is None
        start = end - (HISTORY if first else LOOK_BACK)
        for since, until in _pieces(start, end):
            try:
                records = await self.connector.fetch_balances(self.client, _ref(account), since, until)
            except NotSupported:
                return
            yield Batch(balances={account.provider_account_id: records})
        if first:
            await FinancialAccount.objects.filter(id=account.id).aupdate(history_from=start)


def _ref(account: FinancialAccount) -> AccountRef:
    return AccountRef(account.provider_account_id, cast("AccountType", account.type))


def _cursor(account: FinancialAccount) -> str:
    """The cursor that is held now; none for an account that its person has deleted meanwhile."""
    held = FinancialAccount.objects.filter(id=account.id).values_list("transactions_cursor", flat=True)
    return held.first() or ""


def _pieces(start: date, end: date) -> Iterator[tuple[date, date]]:
    while start <= end:
        yield start, min(start + PIECE, end)
        start += PIECE + timedelta(days=1)


def _batch(account: FinancialAccount, page: TransactionsPage) -> Batch:
    name = account.provider_account_id
    rows = _latest((*page.added, *page.modified))
    return Batch(rows={name: rows}, gone={name: page.removed}, cursors={name: page.next_cursor})


def _covers(account: FinancialAccount, page: TransactionsPage) -> list[Cover]:
    """The days from the oldest row on; none where there is no row, since an empty answer proves nothing."""
    days = [row.date for row in (*page.added, *page.modified)]
    return [Cover(account.provider_account_id, min(days), date.max)] if days else []


def _latest(rows: Iterable[TransactionRecord]) -> list[TransactionRecord]:
    """Each id once. Raises ProviderUnreadable for a page with two versions of one row."""
    found: dict[str, TransactionRecord] = {}
    unnamed: list[TransactionRecord] = []
    for row in rows:
        if not row.id:
            unnamed.append(row)
        elif found.setdefault(row.id, row) != row:
            raise ProviderUnreadable(code="contradictory_page")
    return [*found.values(), *unnamed]


def _joined(pages: Sequence[TransactionsPage]) -> TransactionsPage:
    """The pages as one: of an id that several of them name, the last word holds."""
    if len(pages) == 1:
        return pages[0]
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
