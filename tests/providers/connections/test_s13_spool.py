"""Refreshed tokens outlive a database that is away, also when the process that has them ends."""

import shutil
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers import wiring
from providers.connections.models import Connection, ProviderToken
from providers.simulator.process import SandboxBank
from tests.providers.connections.processes import home
from tests.providers.connections.test_token_processes import Asker, askers, expired, token_calls

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def spool(settings: Any) -> Iterator[Path]:
    """The spool of this test and of the processes that it starts, and of no other test's; empty."""
    folder = settings.SPOOL = home() / "spool"
    shutil.rmtree(folder, ignore_errors=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def files(spool: Path) -> list[Path]:
    return list(spool.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def killed_with_new_tokens(connection: Connection, bank: SandboxBank) -> None:
    """A process is killed whose refresh is done, while the database does not take the tokens."""

    def kill_before_the_row_is_free(process: Asker) -> None:
        with transaction.atomic():
            ProviderToken.objects.select_for_update().get()
            bank.process.send_signal(signal.SIGCONT)
            process.wait_until_logged("could not be stored")
            process.process.kill()
            process.process.wait()

    with askers(1, connection, bank) as (process,):
        bank.process.send_signal(signal.SIGSTOP)
        try:
            process.shoot()
            while not await ProviderToken.objects.filter(lease_id__isnull=False).aexists():
                assert process.process.poll() is None
            await run_db(kill_before_the_row_is_free, process)
        finally:
            bank.process.send_signal(signal.SIGCONT)


async def test_s13_tokens_of_a_process_that_ended_are_stored_by_the_next(
    make_user: Callable[..., User], bank: SandboxBank, spool: Path
) -> None:
    connection = await expired(make_user, bank)
    await killed_with_new_tokens(connection, bank)
    (file,) = files(spool)
    assert mode(file) == 0o600
    assert mode(spool) == 0o700
    await wiring.replay_token_spool()
    assert (await ProviderToken.objects.aget()).version == 2
    assert files(spool) == []
    token = await wiring.token_service().get_access_token(connection_id=connection.id)
    assert token
    assert token_calls(bank) == 2  # the code exchange, and one refresh


async def test_s13_tokens_in_the_spool_are_used_before_the_old_ones_are_refreshed_again(
    make_user: Callable[..., User], bank: SandboxBank, spool: Path
) -> None:
    connection = await expired(make_user, bank)
    await killed_with_new_tokens(connection, bank)
    await wiring.token_service().get_access_token(connection_id=connection.id)
    assert token_calls(bank) == 2
    await connection.arefresh_from_db()
    assert connection.state == Connection.State.ACTIVE
    assert files(spool) == []


async def test_s13_a_file_is_good_for_its_own_connection_and_version_alone(
    make_user: Callable[..., User], bank: SandboxBank, spool: Path, caplog: Any
) -> None:
    connection = await expired(make_user, bank)
    await killed_with_new_tokens(connection, bank)
    (file,) = files(spool)
    content = file.read_bytes()
    await ProviderToken.objects.aupdate(version=7)
    file.rename(file.with_suffix(".7"))
    await wiring.replay_token_spool()
    assert (await ProviderToken.objects.aget()).version == 7
    assert "cannot be opened" in caplog.text
    (kept,) = files(spool)
    kept.write_bytes(content)
    kept.rename(file)
    await wiring.replay_token_spool()
    assert (await ProviderToken.objects.aget()).version == 7
    assert files(spool) == []
