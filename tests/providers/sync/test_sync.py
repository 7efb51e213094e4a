"""Syncs against the real Sandbox Bank: the rows agree with the bank's own books."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import time_machine
from django.db import OperationalError
from django.db.models import Count, Sum
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import User
from dashtam import errors
from dashtam.bridge.doors import run_db
from notifications.services.live_event_service import LiveEventService
from providers import tasks, wiring
from providers.connections.models import Connection
from providers.connectors.base import Connector
from providers.ledger.ingest import upsert_transactions
from providers.ledger.models import Transaction
from providers.records import AccountRef, TransactionsPage
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from providers.sync.sync_service import ConnectionNotSyncable, SyncService
from tests.jobs import queued, run_queued
from tests.providers.connections.linking import connect
from tests.providers.ledger.test_ingest import account_record, pending, row

pytestmark = pytest.mark.django_db
State = SyncRun.State


async def sync(connection: Connection, trigger: str = "manual") -> SyncRun:
    """Ask for a sync and be the worker."""
    service = wiring.sync_service()
    run = await service.request_sync(user_id=connection.user_id, connection_id=connection.id, trigger=trigger)
    await service.run(run_id=run.id)
    await run.arefresh_from_db()
    await connection.arefresh_from_db()
    return run


def compare_with_truth(connection: Connection, truth: dict[str, Any]) -> None:
    """Accounts, sums, counts, balances and holdings, to the cent."""
    assert connection.accounts.filter(closed_at=None).count() == len(truth["accounts"])
    for told in truth["accounts"]:
        account = connection.accounts.get(provider_account_id=told["id"])
        owed = told["kind"] in ("CREDIT_CARD", "MORTGAGE")
        assert account.balance_current == Decimal(told["current"]) * (-1 if owed else 1)
        rows = account.transactions.values("status").annotate(count=Count("id"), sum=Sum("amount"))
        found = {each["status"]: (each["count"], each["sum"]) for each in rows}
        for status in ("posted", "pending"):
            expected = (told[status]["count"], Decimal(told[status]["sum"]))
            assert found.get(status, (0, Decimal(0))) == expected, (told["id"], status)
        held = {h.security.provider_security_id: h for h in account.holdings.select_related("security")}
        assert set(held) == {holding["security_id"] for holding in told["holdings"]}
        for holding in told["holdings"]:
            mine = held[holding["security_id"]]
            exact = (mine.quantity, mine.price, mine.market_value, mine.cost_basis)
            assert exact == tuple(
                Decimal(holding[name]) for name in ("units", "price", "value", "cost_basis")
            )


async def test_a_first_sync_brings_everything_the_bank_has(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    run = await sync(connection, "initial")
    assert (run.state, run.error_code, run.account_errors) == (State.SUCCEEDED, "", {})
    assert (run.accounts_total, run.accounts_done) == (5, 5)
    truth = bank.control("truth?customer=ana")
    await run_db(compare_with_truth, connection, truth)
    assert run.added == await Transaction.objects.acount() > 1000
    assert (run.modified, run.removed) == (0, 0)
    assert connection.state == Connection.State.ACTIVE
    assert connection.failures == 0
    assert connection.last_success_at is not None
    assert connection.next_sync_at is not None
    assert connection.next_sync_at > timezone.now() + timedelta(hours=5)


async def test_a_first_sync_brings_two_years_of_balances_that_agree_with_the_rows(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await sync(connection)
    for account in [account async for account in connection.accounts.exclude(type="investment")]:
        days = [day async for day in account.balances.order_by("date")]
        assert len(days) > 700
        first, last = days[0], days[-1]
        between = Transaction.objects.filter(
            account=account, status="posted", date__gt=first.date, date__lte=last.date
        )
        moved = (await between.aaggregate(sum=Sum("amount")))["sum"] or Decimal(0)
        assert last.current - first.current == moved


async def test_a_second_sync_of_an_unchanged_bank_changes_nothing(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await sync(connection)
    before = await run_db(lambda: list(Transaction.objects.order_by("id").values()))
    run = await sync(connection)
    assert (run.state, run.added, run.modified, run.removed) == (State.SUCCEEDED, 0, 0, 0)
    assert await run_db(lambda: list(Transaction.objects.order_by("id").values())) == before


async def test_pending_rows_post_in_place_with_their_id_and_note(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await sync(connection)
    pending = {row.id: row async for row in Transaction.objects.filter(status="pending")}
    assert pending
    await Transaction.objects.filter(status="pending").aupdate(note="mine")
    for _ in range(10):
        bank.control("advance", {"days": 1})
        await sync(connection)
    await run_db(compare_with_truth, connection, bank.control("truth?customer=ana"))
    posted = [row async for row in Transaction.objects.filter(id__in=pending, status="posted")]
    assert posted
    for found in posted:
        assert found.note == "mine"
        assert found.replaced_id == pending[found.id].provider_transaction_id


@pytest.mark.parametrize(
    ("mode", "times"),  # a call without an answer is made three times
    [("garbage", 1), ("html", 1), ("empty", 1), ("status_500", 3), ("truncated", 3), ("drop", 3)],
)
async def test_one_account_that_fails_leaves_the_others_whole_and_heals(
    ana: User, bank: SandboxBank, mode: str, times: int
) -> None:
    connection = await connect(ana, bank)
    truth = bank.control("truth?customer=ana")
    broken = next(account["id"] for account in truth["accounts"] if account["kind"] == "CREDIT_CARD")
    bank.control("faults", {"target": "transactions", "mode": mode, "times": times, "account": broken})
    run = await sync(connection)
    account = await connection.accounts.aget(provider_account_id=broken)
    assert run.state == State.PARTIAL
    assert list(run.account_errors) == [str(account.id)]
    assert run.account_errors[str(account.id)] in ("provider_unavailable", "provider_unreadable")
    assert not await account.transactions.aexists()
    assert connection.state == Connection.State.DEGRADED
    assert connection.state_reason == run.account_errors[str(account.id)]
    assert connection.failures == 1
    assert connection.next_sync_at is not None
    assert connection.next_sync_at < timezone.now() + timedelta(minutes=10)
    healed = await sync(connection)
    assert (healed.state, healed.account_errors) == (State.SUCCEEDED, {})
    assert (connection.state, connection.state_reason, connection.failures) == (
        Connection.State.ACTIVE,
        "",
        0,
    )
    await run_db(compare_with_truth, connection, truth)


async def test_a_bank_that_is_down_fails_the_run_and_is_asked_again_ever_later(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    pauses = []
    for _ in range(3):
        bank.control("faults", {"target": "accounts", "mode": "status_500", "times": 3})
        run = await sync(connection)
        assert (run.state, run.error_code) == (State.FAILED, "provider_unavailable")
        assert run.provider_request_id == "" or len(run.provider_request_id) > 5
        assert connection.next_sync_at is not None
        pauses.append(connection.next_sync_at - timezone.now())
    assert pauses == sorted(pauses)
    assert (connection.state, connection.state_reason) == (Connection.State.DEGRADED, "provider_unavailable")
    assert connection.failures == 3
    assert connection.last_success_at is None
    assert connection.last_attempt_at is not None


async def test_a_bank_that_asks_for_time_is_given_it(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    bank.control("faults", {"target": "transactions", "mode": "status_429", "times": 1, "retry_after": 1800})
    run = await sync(connection)
    assert (run.state, run.error_code) == (State.FAILED, "rate_limited")
    assert connection.next_sync_at is not None
    assert connection.next_sync_at >= timezone.now() + timedelta(minutes=29)
    calls = bank.control("log")["counts"]
    with pytest.raises(errors.TooManyRequests) as caught:
        await sync(connection)
    assert 1700 < (caught.value.retry_after or 0) <= 1801
    assert bank.control("log")["counts"] == calls


async def test_a_consent_that_the_customer_ended_asks_the_person_and_stops_syncing(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await sync(connection)
    bank.control("revoke", {"customer": "ana"})
    run = await sync(connection)
    assert run.state == State.FAILED
    assert connection.state in (Connection.State.REAUTH_REQUIRED, Connection.State.REVOKED)
    assert connection.next_sync_at is None
    assert await Transaction.objects.acount() > 1000
    with pytest.raises(ConnectionNotSyncable):
        await sync(connection)


async def test_a_cursor_that_the_bank_has_forgotten_starts_over_without_doubles(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await sync(connection)
    ids = await run_db(lambda: set(Transaction.objects.values_list("id", flat=True)))
    ghost = await connection.accounts.aget(type="credit")
    await run_db(upsert_transactions, ghost, [pending("gone long ago", "-1.00")])
    await connection.accounts.aupdate(transactions_cursor="forgotten")
    run = await sync(connection)
    assert (run.state, run.added, run.removed) == (State.SUCCEEDED, 0, 1)
    assert await run_db(lambda: set(Transaction.objects.values_list("id", flat=True))) == ids


# --- one run at a time ------------------------------------------------------------------------------


@pytest.fixture
def connection(ana: User) -> Connection:
    """Linked, without a bank behind it."""
    return Connection.objects.create(
        user=ana, provider="sandbox", state="active", next_sync_at=timezone.now()
    )


async def test_asking_twice_gives_the_same_run_and_one_task(connection: Connection) -> None:
    service = wiring.sync_service()
    ask: dict[str, Any] = {"user_id": connection.user_id, "connection_id": connection.id, "trigger": "manual"}
    first, second = await service.request_sync(**ask), await service.request_sync(**ask)
    assert first.id == second.id
    assert await run_db(queued) == [("providers.tasks.run_sync", {"run_id": str(first.id)})]


async def test_nobody_can_sync_somebody_elses_connection(connection: Connection, ben: User) -> None:
    with pytest.raises(errors.NotFound):
        await wiring.sync_service().request_sync(
            user_id=ben.id, connection_id=connection.id, trigger="manual"
        )


@pytest.mark.parametrize("state", ["pending", "reauth_required", "revoked", "disconnected"])
async def test_a_connection_that_waits_for_its_person_is_not_synced(
    connection: Connection, state: str
) -> None:
    await Connection.objects.aupdate(state=state)
    with pytest.raises(ConnectionNotSyncable):
        await sync(connection)
    assert await wiring.sync_service().schedule_due() == 0


async def test_of_two_workers_with_one_run_one_does_it(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    run = await SyncRun.objects.aget()
    await wiring.sync_service().run(run_id=run.id)
    before = bank.control("log")["counts"]
    await wiring.sync_service().run(run_id=run.id)
    assert bank.control("log")["counts"] == before
    assert await connection.sync_runs.acount() == 1


async def schedule() -> int:
    return await wiring.sync_service().schedule_due()


async def test_the_schedule_queues_what_is_due_once(connection: Connection) -> None:
    await Connection.objects.acreate(
        user_id=connection.user_id, provider="sandbox", state="active"
    )  # not yet due
    assert [await schedule(), await schedule()] == [1, 0]
    assert [run.trigger async for run in connection.sync_runs.all()] == ["scheduled"]
    assert len(await run_db(queued)) == 1


async def test_a_scheduled_task_runs_to_its_end(connection: Connection) -> None:
    await inspect.unwrap(tasks.schedule_syncs.func)(timestamp=0)
    assert await run_db(run_queued) == 1  # nobody answers at the address of tests
    run = await connection.sync_runs.aget()
    assert (run.state, run.finished_at is not None) == (State.FAILED, True)


async def test_a_run_whose_worker_died_is_ended_and_the_connection_is_due_again(
    connection: Connection,
) -> None:
    long_ago = timezone.now() - timedelta(minutes=16)
    dead = await SyncRun.objects.acreate(
        connection=connection, trigger="manual", state="running", progress_at=long_ago
    )
    await Connection.objects.aupdate(next_sync_at=None)
    await schedule()
    await dead.arefresh_from_db()
    await connection.arefresh_from_db()
    assert (dead.state, dead.error_code) == (State.FAILED, "interrupted")
    assert (connection.state, connection.failures) == ("active", 0)
    assert connection.next_sync_at is not None
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        assert await schedule() == 1


async def test_a_run_that_moves_is_left_alone(connection: Connection) -> None:
    now = timezone.now()
    await SyncRun.objects.acreate(connection=connection, trigger="manual", state="running", progress_at=now)
    assert await schedule() == 0
    assert (await SyncRun.objects.aget()).state == State.RUNNING


async def test_a_run_whose_task_was_lost_gets_a_new_one_and_only_one(connection: Connection) -> None:
    run = await run_db(SyncRun.objects.request, connection_id=connection.id, trigger="manual")
    await SyncRun.objects.aupdate(created_at=timezone.now() - timedelta(minutes=6))
    await schedule()
    assert len(await run_db(queued)) == 1
    await run_db(lambda: ProcrastinateJob.objects.all()._raw_delete("default"))
    await schedule()
    await schedule()
    assert await run_db(queued) == [("providers.tasks.run_sync", {"run_id": str(run.id)})]


def test_in_the_worker_too_a_task_is_queued_with_the_row_it_is_about(connection: Connection) -> None:
    with app.replace_connector(DjangoConnector().get_worker_connector()):
        run = SyncRun.objects.request(connection_id=connection.id, trigger="manual")
    assert queued() == [("providers.tasks.run_sync", {"run_id": str(run.id)})]  # seen inside this transaction


# --- providers that misbehave, and workers that are stopped -------------------------------------------


class Scripted(Connector):
    """A connector's answers, without HTTP: what a provider may do that the Sandbox Bank does not."""

    slug, name, auth = "sandbox", "Scripted Bank", "oauth2"
    capabilities = ("accounts", "transactions")

    def __init__(self, *pages: Any) -> None:
        self.pages = list(pages)

    async def fetch_accounts(self, client: httpx.AsyncClient) -> Any:
        return [account_record()]

    async def fetch_transactions(self, client: httpx.AsyncClient, account: AccountRef, cursor: str) -> Any:
        page = self.pages.pop(0)
        return await page() if callable(page) else page


@pytest.fixture
def scripted(connection: Connection) -> Callable[..., SyncService]:
    """A service whose provider says what the test wants."""

    def make(*pages: Any) -> SyncService:
        provider = Scripted(*pages)

        @asynccontextmanager
        async def client(
            connection: Connection, connector: Any, *, by_hand: bool
        ) -> AsyncIterator[httpx.AsyncClient]:
            async with httpx.AsyncClient() as opened:
                yield opened

        return SyncService(
            connector=lambda _: provider,
            open_client=client,
            live_events=Silent(),
            interval=timedelta(hours=6),
            first_accounts=wiring.propose_base_currency,
        )

    return make


class Silent(LiveEventService):
    """Nobody listens; what was said is kept."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    async def publish(self, *, user_id: Any, type: str, **data: object) -> None:
        self.said.append({"type": type, **data})


async def run_with(service: SyncService, connection: Connection) -> SyncRun:
    ask: dict[str, Any] = {"user_id": connection.user_id, "connection_id": connection.id, "trigger": "manual"}
    run = await service.request_sync(**ask)
    await service.run(run_id=run.id)
    await run.arefresh_from_db()
    return run


def step(*rows: Any, then: str, more: bool) -> TransactionsPage:
    return TransactionsPage(list(rows), [], [], then, has_more=more)


async def test_a_feed_that_leads_in_a_circle_is_left(connection: Connection, scripted: Any) -> None:
    circle = [
        step(row("a"), then="1", more=True),
        step(row("b"), then="2", more=True),
        step(then="1", more=True),
    ]
    run = await run_with(scripted(*circle), connection)
    assert (run.state, list(run.account_errors.values())) == (State.FAILED, ["cursor_loop"])
    assert run.added == 2


async def test_an_absurd_amount_fails_its_account_and_writes_nothing_of_the_page(
    connection: Connection, scripted: Any
) -> None:
    pages = [step(row("a"), then="1", more=True), step(row("b"), row("c", "1e40"), then="2", more=False)]
    run = await run_with(scripted(*pages), connection)
    assert list(run.account_errors.values()) == ["absurd_number"]
    account = await connection.accounts.aget()
    assert (account.transactions_cursor, run.added) == ("1", 1)


async def test_a_page_that_tells_two_stories_about_one_row_is_refused(
    connection: Connection, scripted: Any
) -> None:
    run = await run_with(scripted(step(row("a", "1"), row("a", "2"), then="1", more=False)), connection)
    assert list(run.account_errors.values()) == ["contradictory_page"]
    assert not await Transaction.objects.aexists()


async def test_a_run_that_was_given_up_meanwhile_can_write_nothing_more(
    connection: Connection, scripted: Any
) -> None:
    async def given_up_meanwhile() -> TransactionsPage:
        await SyncRun.objects.aupdate(state="failed", error_code="interrupted")
        return step(row("late"), then="1", more=False)

    run = await run_with(scripted(given_up_meanwhile), connection)
    assert (run.state, run.error_code) == (State.FAILED, "interrupted")
    assert not await Transaction.objects.aexists()
    assert (await connection.accounts.aget()).transactions_cursor == ""


async def test_a_bug_of_ours_ends_the_run_and_is_not_hidden(connection: Connection, scripted: Any) -> None:
    async def bug() -> TransactionsPage:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run_with(scripted(bug), connection)
    run = await SyncRun.objects.aget()
    assert (run.state, run.error_code) == (State.FAILED, "internal_error")


async def test_a_database_that_goes_away_interrupts_the_run_and_harms_no_connection(
    connection: Connection, scripted: Any
) -> None:
    async def gone() -> TransactionsPage:
        raise OperationalError

    run = await run_with(scripted(gone), connection)
    await connection.arefresh_from_db()
    assert (run.state, run.error_code) == (State.FAILED, "interrupted")
    assert (connection.state, connection.failures) == ("active", 0)


async def test_progress_and_the_end_are_told_live(connection: Connection, scripted: Any) -> None:
    service = scripted(step(row("a"), then="1", more=False))
    run = await run_with(service, connection)
    progress, finished = service.live_events.said
    assert progress == {
        "type": "sync.progress",
        "connection_id": connection.id,
        "run_id": run.id,
        "done": 0,
        "total": 1,
        "account": "Everyday",
    }
    assert finished == {
        "type": "sync.finished",
        "connection_id": connection.id,
        "run_id": run.id,
        "state": "succeeded",
        "added": 1,
        "modified": 0,
        "removed": 0,
    }


async def test_a_consent_near_its_end_shows_after_a_good_sync(connection: Connection, scripted: Any) -> None:
    await Connection.objects.aupdate(consent_expires_at=timezone.now() + timedelta(days=3))
    await run_with(scripted(step(then="1", more=False)), connection)
    await connection.arefresh_from_db()
    assert connection.state == Connection.State.EXPIRING


async def test_a_worker_that_is_stopped_says_so_and_what_landed_stays(
    connection: Connection, scripted: Any
) -> None:
    asked = asyncio.Event()

    async def never() -> TransactionsPage:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    service = scripted(step(row("a"), then="1", more=True), never)
    work = asyncio.create_task(run_with(service, connection))
    await asked.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    run = await SyncRun.objects.aget()
    assert (run.state, run.error_code, run.added) == (State.FAILED, "interrupted", 1)
    assert (await connection.accounts.aget()).transactions_cursor == "1"
