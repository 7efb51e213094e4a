"""Pull: the one loop of a sync. Batches land in the order in which they come, whatever institution they are of.

Of the pulls of a process, a few land at once, in turns. Without turns those that begin together stay together: all wait
for an answer while the processor idles, then all land a little at a time, and none is ready before the last.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import date, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils import timezone

from dashtam.bridge.doors import run_db
from dashtam.bridge.per_loop import PerLoop
from providers.connections.models import Connection
from providers.connectors.base import Connector
from providers.connectors.contract.batches import CONNECTION, Batch, StartAgain, Wanted
from providers.errors import ProviderError
from providers.ledger import checks
from providers.ledger.models import FinancialAccount
from providers.records import AccountRef, AccountType
from providers.sync import landing
from providers.sync.models import SyncRun
from providers.sync.outcome import Outcome

LONGEST_NOTICE = 120
ATTEMPTS = 3  # pulls of one run, where the provider keeps changing its data under our pages
LANDING = 3  # pulls that land at once: one computes, others wait for the database or for a locked row
Telling = Callable[[Wanted], AsyncGenerator[Batch, None]]

_turns: PerLoop[asyncio.Semaphore] = PerLoop(lambda: asyncio.Semaphore(LANDING))


class Pull:
    """One pull of one connection. Batches that are not final are held, and land with the next final one.

    `listed` is called when accounts have landed, `turn` with the name of the account that is read next.
    """

    def __init__(
        self,
        *,
        run: SyncRun,
        connector: Connector,
        telling: Telling,
        outcome: Outcome,
        present: Mapping[str, str],
        listed: Callable[[], Awaitable[None]],
        turn: Callable[[str], Awaitable[None]],
    ) -> None:
        self.run = run
        self.connector = connector
        self.telling = telling
        self.outcome = outcome
        self.present = present
        self.listed = listed
        self.turn = turn
        self.troubles: dict[str, ProviderError] = {}
        self.said: dict[str, set[str]] = defaultdict(set)
        self.held: list[Batch] = []
        self.names: set[str] = set()  # the provider's ids of all accounts that were listed
        self.titles: dict[str, str] = {}  # the names of the accounts that are read, by these ids
        self.reading = ""  # the account whose turn it is, where they take turns
        self.uncounted = 0  # accounts whose turn is over, and that the run does not count yet
        self.notices: Counter[str] = Counter()

    async def read(self) -> None:
        """Bring the connection up to date. Raises ProviderErrors and SyncOvertaken; what landed before stays."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._once()
                break
            except StartAgain:
                if attempt == ATTEMPTS:
                    raise
        async with _turns.get():  # no institution is asked meanwhile
            error = await run_db(self._settle)
        if error is not None:
            raise error

    async def _once(self) -> None:
        self.troubles, self.held, self.notices = {}, [], Counter()
        self.said.clear()
        everything = Wanted(None, timezone.now().date())  # an account tells of itself what is wanted
        telling = self.telling(await run_db(self._wanted) if self.connector.pulls else everything)
        async with aclosing(telling) as batches:
            batch = await anext(batches, None)
            while batch is not None:
                try:
                    async with _turns.get():
                        await self._take(batch)
                except ProviderError as error:
                    batch = await _told(batches, error)
                else:
                    batch = await anext(batches, None)
        await self._end_turn()

    async def _take(self, batch: Batch) -> None:
        """Land the batch with those that were held for it, or hold it."""
        self.troubles |= batch.troubles
        for words, count in batch.notices.items():
            self.notices[checks.text(words, LONGEST_NOTICE)] += count
        if batch.turn:
            await self._begin_turn(batch.turn)
        self.held.append(batch)
        if not batch.final:
            return
        held, self.held = self.held, []
        if not any(each.lands for each in held):
            return
        now, listed = timezone.now(), frozenset(self.names)
        names = await run_db(landing.land_batches, self.run, self.connector, held, now, self.said, listed)
        if names is not None:
            self.titles = names
        for each in held:
            for name, rows in each.rows.items():
                self.said[name].update(row.id for row in rows if row.id)
        if any(each.accounts is not None for each in held):
            self.names |= {record.id for each in held for record in each.accounts or ()}
            self.run.accounts_total = max(len(self.titles), self.run.accounts_total)
            await self.listed()

    async def _begin_turn(self, account: str) -> None:
        await self._end_turn()
        if self.uncounted:
            await run_db(SyncRun.objects.progress, self.run, accounts_done=self.uncounted)
            self.uncounted = 0
        self.reading = account
        await self.turn(self.titles.get(account, ""))

    async def _end_turn(self) -> None:
        """Count the account whose turn it was; the run is told when the next begins, or at the end."""
        if not self.reading:
            return
        error, mine = self.troubles.get(self.reading), None
        if error is not None:
            mine = await run_db(self._open_ones().filter(provider_account_id=self.reading).first)
        if error is not None and mine is not None:
            self.outcome.account_errors[str(mine.id)] = error.code
        else:  # or its person deleted it meanwhile, so that nothing was left to store it in
            self.outcome.accounts_done += 1
        self.reading = ""
        self.uncounted += 1

    def _open_ones(self) -> QuerySet[FinancialAccount]:
        """The accounts that are read, those that their person has closed among them as long as they are listed."""
        mine = FinancialAccount.objects.filter(connection_id=self.run.connection_id)
        listed = Q(closed_by_person=True, provider_account_id__in=self.names)
        return mine.filter(Q(closed_at=None) | listed)

    def _wanted(self) -> Wanted:
        """All that the connector offers, from the day up to which every account is known, less its look-back."""
        connection = Connection.objects.get(id=self.run.connection_id)
        accounts = list(connection.accounts.filter(closed_at=None))
        today = timezone.now().astimezone(ZoneInfo(self.connector.facts.time_zone)).date()
        cursors = {each.provider_account_id: each.transactions_cursor for each in accounts}
        return Wanted(
            first=self._first(accounts),
            last=today,
            cursors={
                name: cursor for name, cursor in {**cursors, CONNECTION: connection.cursor}.items() if cursor
            },
            accounts=[
                AccountRef(each.provider_account_id, cast("AccountType", each.type)) for each in accounts
            ],
            what=frozenset(self.connector.capabilities),
            present=self.present,
        )

    def _first(self, accounts: list[FinancialAccount]) -> date | None:
        """None as long as nothing is known; an account whose institution is in trouble does not hold the others up."""
        known = [each.covered_to for each in accounts if each.covered_to is not None]
        in_trouble = set(next(iter(SyncRun.objects.latest_account_errors(self.run)), {}))
        if not known or any(each.covered_to is None and str(each.id) not in in_trouble for each in accounts):
            return None
        return min(known) - max(self.connector.facts.look_back, timedelta(days=1))

    def _settle(self) -> ProviderError | None:
        """Count the accounts that took no turns, and note their troubles: by id, by institution, or all.

        Returns the trouble that is about the whole connection.
        """
        landing.read_to_its_end(self.run.connection_id, list(self.troubles))
        whole = self.troubles.get(CONNECTION)
        turns = self.outcome.accounts_done + len(self.outcome.account_errors)
        open_ones = [] if turns and not self.troubles else list(self._open_ones())
        done = 0
        behind = {checks.text(name, landing.INSTITUTION): error for name, error in self.troubles.items()}
        for account in open_ones if not turns else ():
            error = self.troubles.get(account.provider_account_id) or behind.get(
                account.institution or CONNECTION
            )
            if error is not None and error is not whole:
                self.outcome.account_errors[str(account.id)] = error.code
            else:
                done += 1
        self.outcome.accounts_done += done
        SyncRun.objects.progress(self.run, accounts_done=done + self.uncounted)
        told = {each.provider_account_id for each in open_ones} | {each.institution for each in open_ones}
        told |= self.names | {CONNECTION}
        strays = [
            error
            for name, error in self.troubles.items()
            if not {name, checks.text(name, landing.INSTITUTION)} & told
        ]
        return whole or next(iter(strays), None)


async def _told(batches: AsyncGenerator[Batch, None], error: ProviderError) -> Batch | None:
    """Tell the pull that its batch could not land; one that can go on with something else gives the next."""
    try:
        return await batches.athrow(error)
    except StopAsyncIteration:
        return None
