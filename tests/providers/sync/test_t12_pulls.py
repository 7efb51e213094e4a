"""Syncs in batches, each kind of delivery against a real HTTP server."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from django.db.models.signals import post_init

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers import wiring
from providers.connections.models import Connection
from providers.ledger.models import FinancialAccount, Transaction
from providers.records import AccountRecord
from providers.sync.budget import Budget
from providers.sync.models import SyncRun
from tests.providers.connectors import toys
from tests.providers.sync.deliveries import Book, CursorOfConnection, Delivering, OneDocument, Wide, Windows
from tests.providers.sync.test_sync import run_with, sync

pytestmark = pytest.mark.django_db(transaction=False)
State = SyncRun.State
TODAY = date(2026, 11, 2)
WIDE = 30  # accounts
DISGUISED = "Pier \x1b\u202eBank\u200b"


@pytest.fixture(autouse=True)
def _asked_at_once(settings: Any) -> None:
    settings.PROVIDER_REST_SECONDS = 0


@asynccontextmanager
async def connected(user: User, kind: type[Delivering]) -> AsyncIterator[tuple[Book, Connection]]:
    book = Book()
    async with toys.open_for_business(book) as place:
        with toys.registered(kind(place.url)), time_machine.travel(f"{TODAY}T12:00:00Z", tick=True):
            started = await wiring.connection_service().start(
                user_id=user.id, provider="toy", credentials={"key": "s3cret"}
            )
            yield book, await Connection.objects.aget(id=started.connection.id)


def told(account: str) -> list[tuple[str, str, str]]:
    rows = Transaction.objects.filter(account__provider_account_id=account).order_by("date", "amount")
    return [(str(row.date), f"{row.amount:.2f}", row.status) for row in rows]


async def test_t12_pages_of_one_cursor_land_together_with_it(ana: User) -> None:
    async with connected(ana, CursorOfConnection) as (book, connection):
        for number in range(5):
            book.add(f"r{number}", f"2026-10-0{number + 1}", "-1.00", account="one" if number % 2 else "two")
        run = await sync(connection)
        assert (run.state, run.added, run.accounts_done) == (State.SUCCEEDED, 5, 2)
        assert connection.cursor == "5"
        book.add("r5", "2026-10-09", "-2.00")
        assert (await sync(connection)).added == 1
        assert book.asked[-1].query == {"cursor": "5"}


async def test_t12_data_that_changes_while_it_is_paged_is_read_once_more(ana: User) -> None:
    async with connected(ana, CursorOfConnection) as (book, connection):
        for number in range(5):
            book.add(f"r{number}", f"2026-10-0{number + 1}", "-1.00")
        book.mutates = 2
        run = await sync(connection)
        assert (run.state, run.added) == (State.SUCCEEDED, 5)
        assert (await run_db(told, "one"))[0] == ("2026-10-01", "-1.00", "posted")


async def test_t12_data_that_never_stops_changing_lands_nothing_and_keeps_the_cursor(ana: User) -> None:
    async with connected(ana, CursorOfConnection) as (book, connection):
        for number in range(5):
            book.add(f"r{number}", f"2026-10-0{number + 1}", "-1.00")
        book.mutates = 9
        run = await sync(connection)
        assert (run.state, run.error_code, connection.cursor) == (State.FAILED, "changed_while_reading", "")
        assert not await Transaction.objects.aexists()


async def test_t12_what_lands_together_may_be_more_than_a_run_reads_and_parts_go_on(
    ana: User, ben: User
) -> None:
    async def read(connection: Connection, rows: int) -> SyncRun:
        service = wiring.sync_service()
        service.budget = Budget(rows=rows)
        return await run_with(service, connection)

    async with connected(ana, CursorOfConnection) as (book, connection):
        for number in range(6):
            book.add(f"r{number}", f"2026-10-0{number + 1}", "-1.00")
        endless = await read(connection, 1)
        assert (endless.state, endless.error_code, endless.added) == (State.FAILED, "endless_feed", 0)
        whole = await read(connection, 2)
        assert (whole.state, whole.added) == (State.SUCCEEDED, 6)

    async with connected(ben, Windows) as (book, connection):
        for number in range(3):
            book.add(f"w{number}", str(TODAY - timedelta(days=190 - 95 * number)), "-1.00")
        part = await read(connection, 1)
        assert (part.state, part.error_code, part.added) == (State.PARTIAL, "budget_spent", 1)
        await connection.arefresh_from_db()
        assert (connection.state, connection.failures) == (Connection.State.ACTIVE, 0)
        runs = [await read(connection, 1) for _ in range(4)]
        assert sum(run.added for run in runs) == 2
        assert runs[-1].state == State.SUCCEEDED


async def test_t12_a_window_that_is_read_again_withdraws_what_is_gone_and_adds_what_came_late(
    ana: User,
) -> None:
    async with connected(ana, Windows) as (book, connection):
        book.add("a", "2026-05-01", "-10.00")
        book.add("b", "2026-10-20", "-20.00", status="pending")
        assert (await sync(connection)).added == 2
        book.entries.pop()
        book.add("c", "2026-10-21", "-77.00", text="Bakery")
        book.add("late", "2026-09-25", "-5.00")
        run = await sync(connection)
        assert (run.state, run.added, run.removed) == (State.SUCCEEDED, 2, 1)
        assert [day for day, _, _ in await run_db(told, "one")] == ["2026-05-01", "2026-09-25", "2026-10-21"]
        windows = [each.query for each in book.asked if each.path == "/window"]
        assert windows[0]["from"] == str(TODAY - timedelta(days=200))
        assert windows[-1] == {"from": str(TODAY - timedelta(days=45)), "to": str(TODAY)}


async def test_t12_an_institution_in_trouble_withdraws_and_closes_nothing(ana: User) -> None:
    async with connected(ana, Windows) as (book, connection):
        book.add("a", "2026-10-20", "-10.00")
        book.add("b", "2026-10-20", "-20.00", account="two")
        await sync(connection)
        book.silent = {"two"}
        run = await sync(connection)
        two = await FinancialAccount.objects.aget(provider_account_id="two")
        assert (run.state, run.account_errors) == (State.PARTIAL, {str(two.id): "consent_ended"})
        assert (two.closed_at, two.institution) == (None, "bank two")
        assert connection.state == "degraded", "the consent with the aggregator is as good as before"
        assert len(await run_db(told, "two")) == 1
        book.silent = set()
        assert (await sync(connection)).state == State.SUCCEEDED


async def test_t12_equal_rows_of_a_document_without_ids_are_counted(ana: User) -> None:
    async with connected(ana, OneDocument) as (book, connection):
        for _ in range(2):
            book.add("", "2026-10-20", "-3.00", text="Coffee")
        assert (await sync(connection)).added == 2
        assert (await sync(connection)).added == 0
        book.add("", "2026-10-20", "-3.00", text="Coffee")
        assert (await sync(connection)).added == 1
        assert len(await run_db(told, "one")) == 3


async def test_t12_a_batch_about_one_account_reads_no_other(ana: User) -> None:
    async with connected(ana, Wide) as (book, connection):
        for number in range(WIDE):
            book.add(f"r{number}", "2026-10-01", "-1.00", account=f"a{number}")
        for added in (WIDE, 0):
            read = await reads_of_accounts(connection, added)
            assert read < 12 * WIDE, "of each account, not of each for every other"


async def reads_of_accounts(connection: Connection, added: int) -> int:
    """Sync, and count the accounts that were read on the way."""
    count = itertools.count()
    receiver = lambda **_: next(count)  # noqa: E731 the signal holds it weakly
    post_init.connect(receiver, sender=FinancialAccount)
    try:
        run = await sync(connection)
    finally:
        post_init.disconnect(receiver, sender=FinancialAccount)
    assert (run.state, run.added, run.accounts_done) == (State.SUCCEEDED, added, WIDE)
    return next(count)


class Disguised(Windows):
    """One institution behind an aggregator, whose name has controls in it."""

    facts = replace(Windows.facts, behind="each")

    async def accounts(self, client: httpx.AsyncClient) -> list[AccountRecord]:
        return [replace(each, institution=DISGUISED) for each in await super().accounts(client)]


async def test_t12_an_institution_is_called_without_the_controls_in_its_name(ana: User) -> None:
    async with connected(ana, Disguised) as (_, connection):
        assert (await sync(connection)).state == State.SUCCEEDED
        assert connection.called == "Pier Bank"
        assert {a.institution async for a in connection.accounts.all()} == {"Pier Bank"}
        await connection.accounts.aupdate(closed_at="2026-10-01T00:00Z")
        await sync(connection)
        assert connection.called == "Pier Bank"
