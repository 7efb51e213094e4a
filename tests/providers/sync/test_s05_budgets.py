"""The budget of a sync run: what one run may read at most, and how the next one goes on."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from accounts.models import User
from providers.connections.models import Connection
from providers.connectors.base import Connector
from providers.ledger.models import Transaction
from providers.records import AccountRef, TransactionsPage
from providers.sync.budget import ENDLESS_AFTER, Budget
from providers.sync.models import SyncRun
from providers.sync.sync_service import SyncService
from tests.providers.ledger.test_ingest import account_record, row
from tests.providers.sync.test_sync import Silent

pytestmark = pytest.mark.django_db
State = SyncRun.State


class Endless(Connector):
    """Accounts whose feeds have so many pages of two rows, or no end."""

    capabilities = ("accounts", "transactions")

    def __init__(self, *, pages: float = float("inf"), accounts: int = 1) -> None:
        self.pages = pages
        self.names = [f"account {number}" for number in range(accounts)]
        self.asked = 0

    async def fetch_accounts(self, client: Any) -> Any:
        return [account_record(id=name) for name in self.names]

    async def fetch_transactions(self, client: Any, account: AccountRef, cursor: str) -> TransactionsPage:
        self.asked += 1
        page = int(cursor or 0)
        added = [row(f"{account.id} {page} {number}") for number in range(2)]
        return TransactionsPage(added, [], [], str(page + 1), has_more=page + 1 < self.pages)


@pytest.fixture
def connection(ana: User) -> Connection:
    return Connection.objects.create(
        user=ana, provider="sandbox", state="active", next_sync_at=timezone.now()
    )


def service(provider: Connector, **budget: Any) -> SyncService:
    @asynccontextmanager
    async def client(
        connection: Connection, connector: Any, *, by_hand: bool
    ) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient() as opened:
            yield opened

    async def first_accounts(user_id: Any) -> None:
        return None

    return SyncService(
        connector=lambda _: provider,
        open_client=client,
        live_events=Silent(),
        interval=timedelta(hours=6),
        first_accounts=first_accounts,
        budget=Budget(**budget),
    )


async def run(connection: Connection, service: SyncService) -> SyncRun:
    ask: dict[str, Any] = {"user_id": connection.user_id, "connection_id": connection.id}
    run = await service.request_sync(trigger="scheduled", **ask)
    await service.run(run_id=run.id)
    await run.arefresh_from_db()
    await connection.arefresh_from_db()
    return run


@pytest.mark.parametrize("budget", [{"pages": 3}, {"rows": 6}])
async def test_s05_a_run_that_has_spent_its_budget_is_partial_and_the_next_goes_on(
    connection: Connection, budget: dict[str, int]
) -> None:
    provider = Endless(pages=5)
    first = await run(connection, service(provider, **budget))
    assert (first.state, set(first.account_errors.values())) == (State.PARTIAL, {"budget_spent"})
    assert (first.added, provider.asked) == (6, 3)
    assert (connection.state, connection.failures) == ("active", 0)
    assert connection.next_sync_at is not None
    assert connection.next_sync_at < timezone.now() + timedelta(minutes=5)
    second = await run(connection, service(provider, **budget))
    assert (second.state, second.added, second.account_errors) == (State.SUCCEEDED, 4, {})
    assert await Transaction.objects.acount() == 10


async def test_s05_a_run_whose_time_is_over_stops_after_the_page(connection: Connection) -> None:
    provider = Endless()
    spent = await run(connection, service(provider, seconds=0))
    assert (spent.state, set(spent.account_errors.values())) == (State.PARTIAL, {"budget_spent"})
    assert provider.asked <= 1


async def test_s05_one_large_account_does_not_keep_the_others_from_being_read(connection: Connection) -> None:
    provider = Endless(accounts=3)
    for _ in range(2):
        await run(connection, service(provider, pages=2))
    counts = [await account.transactions.acount() async for account in connection.accounts.all()]
    assert counts == [8, 8, 8]


async def test_s05_a_feed_without_an_end_is_named_and_read_a_page_at_a_time(connection: Connection) -> None:
    provider = Endless()
    runs = [await run(connection, service(provider, pages=2)) for _ in range(ENDLESS_AFTER)]
    assert {code for each in runs for code in each.account_errors.values()} == {"budget_spent"}
    assert connection.state == "active"
    before = provider.asked
    for failures in (1, 2):
        named = await run(connection, service(provider, pages=2))
        assert set(named.account_errors.values()) == {"endless_feed"}
        assert (connection.state, connection.state_reason) == ("degraded", "endless_feed")
        assert (connection.failures, provider.asked) == (failures, before + failures)


async def test_s05_a_named_feed_that_ends_after_all_is_well_again(connection: Connection) -> None:
    provider = Endless(pages=ENDLESS_AFTER * 2 + 2)
    states = [(await run(connection, service(provider, pages=2))).state for _ in range(ENDLESS_AFTER + 2)]
    assert [key for key, _ in itertools.groupby(states)] == [State.PARTIAL, State.FAILED, State.SUCCEEDED]
    assert (connection.state, connection.failures) == ("active", 0)
