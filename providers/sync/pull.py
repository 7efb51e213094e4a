"""Pull: asks a connector for what is wanted, and lands its batches in the order in which they come."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.utils import timezone

from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.connectors.base import Connector
from providers.connectors.contract.batches import CONNECTION, Batch, StartAgain, Wanted
from providers.errors import BudgetSpent, ProviderError
from providers.ledger import checks
from providers.ledger.models import FinancialAccount
from providers.records import AccountRef, AccountType
from providers.sync import landing
from providers.sync.budget import Budget
from providers.sync.models import SyncRun
from providers.wire.http import Client

LONGEST_NOTICE = 120
ATTEMPTS = 3  # pulls of one run, where the provider keeps changing its data under our pages


@dataclass(slots=True)
class Pulled:
    """The outcome of a pull: what went wrong, by account id of ours, and how many accounts were read."""

    account_errors: dict[str, str] = field(default_factory=dict)
    accounts_done: int = 0
    error: ProviderError | None = None

    @property
    def accounts_total(self) -> int:
        """The accounts that are open, with or without trouble."""
        return self.accounts_done + len(self.account_errors)


class Pull:
    """One pull of one connection. Batches that are not final are held, and land with the next final one."""

    def __init__(
        self,
        *,
        run: SyncRun,
        connector: Connector,
        client: Client,
        budget: Budget,
        present: Mapping[str, str],
    ) -> None:
        self.run = run
        self.connector = connector
        self.client = client
        self.budget = budget
        self.present = present
        self.until = time.monotonic() + budget.seconds
        self.troubles: dict[str, ProviderError] = {}
        self.notices: Counter[str] = Counter()

    async def read(self) -> Pulled:
        """Bring the connection up to date. Raises ProviderErrors and SyncOvertaken; what landed before stays."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._once()
                break
            except StartAgain:
                if attempt == ATTEMPTS:
                    raise
        await run_db(landing.read_to_its_end, self.run.connection_id)
        return await run_db(self._outcome)

    async def _once(self) -> None:
        self.troubles, self.notices = {}, Counter()
        held: list[Batch] = []
        rows = 0
        async for batch in self.connector.pull(self.client, await run_db(self._wanted)):
            self.troubles |= batch.troubles
            for words, count in batch.notices.items():
                self.notices[checks.text(words, LONGEST_NOTICE)] += count
            held.append(batch)
            rows += sum(map(len, batch.rows.values()))
            if batch.final:
                await run_db(landing.land_batches, self.run, self.connector, held, timezone.now())
                held = []
            if rows > self.budget.rows or time.monotonic() > self.until:
                raise BudgetSpent

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

    def _outcome(self) -> Pulled:
        """The troubles, each with the accounts that it is about: by id, by institution, or all."""
        open_ones = FinancialAccount.objects.filter(connection_id=self.run.connection_id, closed_at=None)
        pulled = Pulled(error=self.troubles.get(CONNECTION))
        for account in open_ones:
            error = self.troubles.get(account.provider_account_id) or self.troubles.get(
                account.institution or CONNECTION
            )
            if error is not None and error is not pulled.error:
                pulled.account_errors[str(account.id)] = error.code
            else:
                pulled.accounts_done += 1
        said = {each.provider_account_id for each in open_ones} | {each.institution for each in open_ones}
        strays = [error for name, error in self.troubles.items() if name not in said | {CONNECTION}]
        pulled.error = pulled.error or next(iter(strays), None)
        return pulled
