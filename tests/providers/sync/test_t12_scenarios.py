"""What institutions do to their clients over time, played by the Sandbox Bank: the ledger stays what its books say."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Count, Sum
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers import wiring
from providers.connections.models import Connection
from providers.ledger.models import Transaction
from providers.simulator.process import SandboxBank
from providers.simulator.scenarios import NAMES
from providers.sync.models import SyncRun
from tests.providers.connections.linking import connect, restart
from tests.providers.sync.test_sync import sync

pytestmark = pytest.mark.django_db
State = SyncRun.State
OWED = ("CREDIT_CARD", "MORTGAGE")


def assert_whole(run: SyncRun) -> None:
    assert (run.state, run.error_code, run.account_errors) == (State.SUCCEEDED, "", {})


def play(bank: SandboxBank, name: str, *, on: bool = True) -> None:
    bank.control("scenarios", {"name": name, "customer": "ana", "on": on})


def sums(connection: Connection) -> dict[str, dict[str, tuple[int, Decimal]]]:
    """By balance of the account, since its id may be another one: how many rows of each status, and their sum."""
    found: dict[str, dict[str, tuple[int, Decimal]]] = {}
    for account in connection.accounts.filter(closed_at=None):
        rows = account.transactions.values("status").annotate(count=Count("id"), sum=Sum("amount"))
        found[str(account.balance_current)] = {each["status"]: (each["count"], each["sum"]) for each in rows}
    return found


def books(bank: SandboxBank) -> dict[str, dict[str, tuple[int, Decimal]]]:
    found = {}
    for told in bank.control("truth?customer=ana")["accounts"]:
        current = Decimal(told["current"]) * (-1 if told["kind"] in OWED else 1)
        kinds = {name: (told[name]["count"], Decimal(told[name]["sum"])) for name in ("posted", "pending")}
        found[str(current)] = {name: pair for name, pair in kinds.items() if pair[0]}
    return found


@pytest.mark.parametrize("name", ["rows_minted_anew", "positional_ids", "no_ids", "pending_vanishes"])
async def test_t12_rows_stay_one_whatever_their_ids_do(ana: User, bank: SandboxBank, name: str) -> None:
    play(bank, name)
    connection = await connect(ana, bank)
    assert_whole(await sync(connection))
    assert await run_db(sums, connection) == books(bank)
    kept = await Transaction.objects.filter(status="posted").acount()
    ids = {id_ async for id_ in Transaction.objects.filter(status="posted").values_list("id", flat=True)}
    bank.control("advance", {"days": 6})
    assert_whole(await sync(connection))
    assert await run_db(sums, connection) == books(bank)
    assert await Transaction.objects.filter(id__in=ids).acount() == kept, "they keep the ids that people use"
    again = await sync(connection)
    assert (again.state, again.added, again.modified, again.removed) == (State.SUCCEEDED, 0, 0, 0)


async def test_t12_a_renewed_consent_with_new_ids_is_the_same_accounts_and_rows(
    ana: User, bank: SandboxBank
) -> None:
    play(bank, "new_ids_at_renewal")
    connection = await connect(ana, bank)
    await sync(connection)
    before = {id_ async for id_ in connection.accounts.values_list("id", flat=True)}
    await Transaction.objects.filter(status="posted").aupdate(note="mine")
    trip = await restart(ana, bank, connection)
    await trip.come_back(await trip.decide())
    bank.control("advance", {"days": 3})
    assert_whole(await sync(connection))
    assert {id_ async for id_ in connection.accounts.values_list("id", flat=True)} == before
    assert await run_db(sums, connection) == books(bank)
    noted = Transaction.objects.filter(status="posted", note="mine")
    assert await noted.acount() >= await Transaction.objects.filter(status="posted").acount() - 40


async def test_t12_posted_rows_in_another_shape_are_the_pending_ones(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await sync(connection)
    play(bank, "posted_in_another_shape")
    for _ in range(4):
        bank.control("advance", {"days": 2})
        assert_whole(await sync(connection))
    assert await run_db(sums, connection) == books(bank)


async def test_t12_rows_that_are_told_late_land_on_their_own_days(ana: User, bank: SandboxBank) -> None:
    play(bank, "late_rows")
    connection = await connect(ana, bank)
    await sync(connection)
    bank.control("advance", {"days": 5})
    first = await sync(connection)
    bank.control("advance", {"days": 5})
    second = await sync(connection)
    assert (first.state, second.state) == (State.SUCCEEDED, State.SUCCEEDED)
    told = Transaction.objects.filter(account__connection=connection)
    assert (
        await told.values("account_id", "provider_transaction_id").distinct().acount() == await told.acount()
    )
    late = told.filter(
        first_seen_at__gte=timezone.now() - timedelta(minutes=5), date__lt=timezone.now().date()
    )
    assert await late.aexists()


async def test_t12_data_that_changes_while_it_is_paged_is_read_again(ana: User, bank: SandboxBank) -> None:
    play(bank, "changes_while_paging")
    connection = await connect(ana, bank)
    await sync(connection)
    assert_whole(await sync(connection))
    assert await run_db(sums, connection) == books(bank)


async def test_t12_one_institution_of_several_may_be_down(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await sync(connection)
    play(bank, "one_institution_down")
    bank.control("advance", {"days": 3})
    run = await sync(connection)
    assert (run.state, list(run.account_errors.values())) == (State.PARTIAL, ["provider_unavailable"])
    play(bank, "one_institution_down", on=False)
    assert_whole(await sync(connection))
    assert await run_db(sums, connection) == books(bank)


async def test_t12_a_spent_quota_waits_for_the_hour_that_the_institution_names(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await sync(connection)
    play(bank, "quota_spent")
    run = await sync(connection)
    assert (run.state, run.error_code) == (State.FAILED, "rate_limited")
    assert connection.next_sync_at is not None
    assert connection.next_sync_at > timezone.now() + timedelta(minutes=55)


async def test_t12_a_consent_that_ends_soon_is_known_from_its_first_day(ana: User, bank: SandboxBank) -> None:
    play(bank, "consent_ending")
    connection = await connect(ana, bank)
    assert connection.consent_expires_at is not None
    assert connection.consent_expires_at < timezone.now() + timedelta(days=6)
    await wiring.consent_service().review()
    await connection.arefresh_from_db()
    assert connection.state == "active", "a tenth of its life is less than a day: it is told a day before"


def test_t12_each_scenario_is_listed_in_words(capsys: Any) -> None:
    from django.core.management import call_command

    call_command("simulator", "--list")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(NAMES)
    assert all(len(line.split()) > 4 for line in lines)
