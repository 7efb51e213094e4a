"""Our own back-off is never told as the institution's wish: what it asked for is kept, and no second more."""

import time

import pytest
import time_machine

from accounts.models import User
from dashtam import errors
from providers.connections.models import Connection
from providers.pages import words
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.providers.connections.linking import connect
from tests.providers.sync.test_sync import sync
from tests.providers.test_leaving import signed_in

pytestmark = pytest.mark.django_db


async def limited(ana: User, bank: SandboxBank, **fault: object) -> Connection:
    """A connection whose first sync met a fault of the bank."""
    connection = await connect(ana, bank)
    bank.control("faults", {"target": "accounts", "times": 1, **fault})
    run = await sync(connection)
    assert run.state == SyncRun.State.FAILED
    return connection


async def test_t04_a_bank_that_asked_for_two_seconds_can_be_asked_again_after_three(
    ana: User, bank: SandboxBank
) -> None:
    connection = await limited(ana, bank, mode="status_429", retry_after=2)
    assert connection.next_sync_at is not None
    with time_machine.travel(time.time() + 3):
        assert connection.next_sync_at.timestamp() > time.time() + 60, "our own next try comes later"
        run = await sync(connection)
    assert run.state == SyncRun.State.SUCCEEDED


async def test_t04_while_it_lasts_the_answer_names_the_bank_s_own_time(ana: User, bank: SandboxBank) -> None:
    api = await signed_in(ana)
    connection = await limited(ana, bank, mode="status_429", retry_after=1800)
    refused = await api.post(f"connections/{connection.id}/syncs")
    told = refused.json()
    assert (refused.status_code, told["code"]) == (429, "rate_limited")
    assert 1700 < int(refused["Retry-After"]) <= 1800
    assert told["title"] == "The institution asked us to wait."
    assert told["detail"] == "You can try again in 30 minutes. Dashtam also goes on by itself."
    with time_machine.travel(time.time() + 1801):
        later = await (await signed_in(ana)).post(f"connections/{connection.id}/syncs")
    assert later.status_code == 202


async def test_t04_a_pause_of_another_connection_is_no_reason(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    await limited(ana, bank, mode="status_429", retry_after=1800)
    his = await connect(ben, bank, customer="ben")
    assert (await sync(his)).state == SyncRun.State.SUCCEEDED


async def test_t04_the_update_after_linking_is_queued_whatever_was_asked_before(
    ana: User, bank: SandboxBank
) -> None:
    connection = await limited(ana, bank, mode="status_429", retry_after=1800)
    with pytest.raises(errors.TooManyRequests):
        await sync(connection)
    assert (await sync(connection, "initial")).error_code == "rate_limited"


def test_t04_the_words_for_it_do_not_say_that_the_bank_chose_our_next_try() -> None:
    said = words.reason("rate_limited", "Some Bank")
    assert "asked us to slow down" in said
    assert "until it allows" not in said
