"""The lease holds between processes, and through their death."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from notifications.models import Email
from providers.connections.models import Connection, ProviderToken
from providers.simulator.process import ROOT, SandboxBank
from tests.providers.connections.linking import connect
from tests.providers.connections.processes import environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


class Asker:
    """A process that asks for the connection's token when it is told to."""

    def __init__(self, connection: Connection, bank: SandboxBank, what: str = "ask") -> None:
        own = environment(bank)
        command = [
            sys.executable,
            "-m",
            "tests.providers.connections.ask_for_token",
            what,
            str(connection.id),
        ]
        pipes: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ | own, text=True, **pipes)

    def wait_until(self, said: str) -> None:
        assert self.process.stdout.readline() == f"{said}\n"  # type: ignore[union-attr]

    def wait_until_logged(self, said: str) -> None:
        assert any(said in line for line in self.process.stderr)  # type: ignore[union-attr]

    def shoot(self) -> None:
        self.process.stdin.write("go\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]

    def answer(self) -> str:
        said: str = self.process.communicate(timeout=60)[0]
        return said.strip()


@contextmanager
def askers(count: int, connection: Connection, bank: SandboxBank, what: str = "ask") -> Iterator[list[Asker]]:
    """So many processes, ready to ask."""
    found = [Asker(connection, bank, what) for _ in range(count)]
    try:
        for asker in found:
            asker.wait_until("ready")
        yield found
    finally:
        for asker in found:
            asker.process.kill()
            asker.process.communicate()


async def expired(make_user: Callable[..., User], bank: SandboxBank) -> Connection:
    """A connection whose access token has run out."""
    connection = await connect(await run_db(make_user, "Ana"), bank)
    await ProviderToken.objects.aupdate(access_expires_at=timezone.now())
    return connection


def token_calls(bank: SandboxBank) -> int:
    count: int = bank.control("log")["counts"]["token"]
    return count


async def test_e10_eight_processes_that_want_one_expired_token_make_one_call(
    make_user: Callable[..., User], bank: SandboxBank
) -> None:
    connection = await expired(make_user, bank)
    with askers(8, connection, bank) as processes:
        for process in processes:
            process.shoot()
        assert [process.answer() for process in processes] == ["ok"] * 8
    assert token_calls(bank) == 2  # the code exchange, and one refresh
    await connection.arefresh_from_db()
    assert connection.state == Connection.State.ACTIVE


async def test_a_process_killed_in_the_middle_of_its_refresh_leaves_a_trace_and_no_loop(
    make_user: Callable[..., User], bank: SandboxBank
) -> None:
    connection = await expired(make_user, bank)
    bank.control("faults", {"target": "token", "mode": "hang", "times": 1})
    with askers(1, connection, bank) as (process,):
        process.shoot()
        while token_calls(bank) < 2:
            assert process.process.poll() is None
        process.process.send_signal(signal.SIGKILL)
    row = await ProviderToken.objects.aget()
    assert row.attempt_at is not None
    assert row.lease_id is not None
    await ProviderToken.objects.aupdate(lease_until=timezone.now() - timedelta(seconds=1))
    bank.control("revoke", {"customer": "ana"})  # as a bank does to which a spent token comes back
    with askers(2, connection, bank) as processes:
        for process in processes:
            process.shoot()
        assert {process.answer() for process in processes} == {"outcome_unknown"}
    await connection.arefresh_from_db()
    assert (connection.state, connection.state_reason) == (
        Connection.State.REAUTH_REQUIRED,
        "outcome_unknown",
    )
    assert token_calls(bank) == 3
    assert await Email.objects.acount() == 1


async def test_a_request_that_hangs_up_in_the_middle_of_a_refresh_loses_no_token(
    make_user: Callable[..., User], bank: SandboxBank
) -> None:
    connection = await expired(make_user, bank)
    with askers(1, connection, bank, "hang_up") as (process,):
        bank.process.send_signal(signal.SIGSTOP)  # the bank takes its time
        try:
            process.shoot()
            process.wait_until("gone")
        finally:
            bank.process.send_signal(signal.SIGCONT)
        assert process.answer() == "ok"
    assert token_calls(bank) == 2
    row = await ProviderToken.objects.aget()
    assert (row.version, row.attempt_at) == (2, None)


async def test_refreshed_tokens_are_held_until_the_database_takes_them(
    make_user: Callable[..., User], bank: SandboxBank
) -> None:
    connection = await expired(make_user, bank)

    def keep_the_row_locked(process: Asker) -> None:
        with transaction.atomic():
            ProviderToken.objects.select_for_update().get()
            bank.process.send_signal(signal.SIGCONT)
            process.wait_until_logged("could not be stored")

    with askers(1, connection, bank) as (process,):
        bank.process.send_signal(signal.SIGSTOP)
        try:
            process.shoot()
            while not await ProviderToken.objects.filter(lease_id__isnull=False).aexists():
                assert process.process.poll() is None
            await run_db(keep_the_row_locked, process)
        finally:
            bank.process.send_signal(signal.SIGCONT)
        assert process.answer() == "ok"
    assert token_calls(bank) == 2
    assert (await ProviderToken.objects.aget()).version == 2
