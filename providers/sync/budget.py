"""Budgets of a sync run: time, pages and rows, so that no institution keeps a worker busy without end."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from providers.connectors.contract.batches import Batch
from providers.errors import BudgetSpent, EndlessFeed
from providers.ledger.models import FinancialAccount
from providers.records import TransactionsPage

ENDLESS_AFTER = 10  # runs in a row that read an account's feed and did not come to its end
CODES = (BudgetSpent.code, EndlessFeed.code)
HELD = 4  # times the rows of a run that may wait in memory for the batch with which they land


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one run may use: seconds over all accounts, pages and rows for each."""

    seconds: float = 600
    pages: int = 500
    rows: int = 100_000


async def within(
    budget: Budget, started: float, batches: AsyncIterator[Batch]
) -> AsyncGenerator[Batch, None]:
    """The batches of a pull that one run may land: only rows that have landed are counted, so that each run gets on.

    Raises BudgetSpent before the batch after them, and EndlessFeed where too many would have to land together.
    """
    landed = held = 0
    async for batch in batches:
        spent = landed >= budget.rows or time.monotonic() >= started + budget.seconds
        if landed and not held and spent:
            raise BudgetSpent
        held += sum(map(len, batch.rows.values()))
        if held > budget.rows * HELD:
            raise EndlessFeed
        yield batch
        if batch.final:
            landed, held = landed + held, 0


class Allowance:
    """The part of a run's budget that one account has left.

    `unfinished` is how many runs before this one did not come to the end of the account's feed. From ENDLESS_AFTER on
    a run reads one page of it, so that the feed can still end, and EndlessFeed is raised instead of BudgetSpent.
    """

    def __init__(self, budget: Budget, *, until: float, unfinished: int) -> None:
        self.until = until
        self.endless = unfinished >= ENDLESS_AFTER
        self.pages = 1 if self.endless else budget.pages
        self.rows = budget.rows

    def spend(self, page: TransactionsPage) -> None:
        """Count a page that was stored, and that is not the last. Raises BudgetSpent, EndlessFeed."""
        self.pages -= 1
        self.rows -= len(page.added) + len(page.modified) + len(page.removed)
        if self.pages <= 0 or self.rows <= 0:
            raise EndlessFeed if self.endless else BudgetSpent
        self.check_time()

    def check_time(self) -> None:
        """Raises BudgetSpent when the account's time is over."""
        if time.monotonic() >= self.until:
            raise BudgetSpent


class Shares:
    """Shares a run's budget out among its accounts.

    `started` is the run's start by the monotonic clock, `before` the account errors of the runs before, newest first.
    """

    def __init__(self, budget: Budget, *, started: float, before: Sequence[Mapping[str, str]]) -> None:
        self.budget = budget
        self.until = started + budget.seconds
        self.before = before

    def of(self, accounts: Sequence[FinancialAccount]) -> Iterator[tuple[FinancialAccount, Allowance]]:
        """Each account with its allowance. What the run before had to leave comes first."""
        in_turn = sorted(accounts, key=lambda account: not self._unfinished(account))
        for number, account in enumerate(in_turn):
            now = time.monotonic()
            share = (self.until - now) / (len(in_turn) - number)
            yield account, Allowance(self.budget, until=now + share, unfinished=self._unfinished(account))

    def _unfinished(self, account: FinancialAccount) -> int:
        """How many runs in a row did not come to the end of the account's feed."""
        return sum(1 for _ in takewhile(lambda errors: errors.get(str(account.id)) in CODES, self.before))
