"""TokenService: fresh tokens, one refresh at a time, and the state after each kind of failure."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from notifications.models import Email
from providers import wiring
from providers.connections.models import Connection, ProviderToken
from providers.connectors import CONNECTORS
from providers.errors import (
    AnswerLost,
    ConsentEnded,
    OutcomeUnknown,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
    ProviderUnreachable,
    ProviderUnreadable,
)
from providers.simulator.process import SandboxBank
from providers.wire.http import request_json
from providers.wire.oauth import TokenResponse
from tests.providers.connections.linking import connect, restart
from tests.providers.wire.canned import answer, canned

State = Connection.State


async def expire(connection: Connection) -> None:
    """The access token's time is up."""
    await ProviderToken.objects.filter(connection=connection).aupdate(access_expires_at=timezone.now())


async def token_of(connection: Connection) -> str:
    return await wiring.token_service().get_access_token(connection_id=connection.id)


async def state_of(connection: Connection) -> tuple[str, str]:
    await connection.arefresh_from_db()
    return connection.state, connection.state_reason


def token_calls(bank: SandboxBank) -> int:
    count: int = bank.control("log")["counts"].get("token", 0)
    return count


async def attention_mails() -> list[str]:
    mails = Email.objects.filter(kind="connection_needs_attention").order_by("created_at")
    return [mail.context["reason"] async for mail in mails]


async def test_a_fresh_token_is_used_without_asking_the_bank(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    assert await token_of(connection) == await token_of(connection)
    assert token_calls(bank) == 1  # the code exchange


async def test_an_expired_token_is_refreshed_and_the_new_one_kept(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    old = await token_of(connection)
    await expire(connection)
    new = await token_of(connection)
    assert new != old
    assert await token_of(connection) == new
    assert token_calls(bank) == 2


async def test_a_token_is_renewed_a_tenth_of_its_life_before_its_end() -> None:
    now = timezone.now()
    token = ProviderToken(refreshed_at=now, access_expires_at=now + timedelta(seconds=300))
    assert token.is_fresh(now + timedelta(seconds=269))
    assert not token.is_fresh(now + timedelta(seconds=271))
    token.access_expires_at = now + timedelta(days=1)
    assert token.is_fresh(now + timedelta(days=1, minutes=-6))
    assert not token.is_fresh(now + timedelta(days=1, minutes=-4))


async def test_e10_fifty_callers_of_one_expired_token_make_one_call(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await expire(connection)
    tokens = await asyncio.gather(*(token_of(connection) for _ in range(50)))
    assert len(set(tokens)) == 1
    assert token_calls(bank) == 2


async def test_a_token_the_bank_refuses_is_refreshed_once_and_the_call_repeated(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    bank.control("expire-access-tokens")
    async with wiring.connector_client(connection, CONNECTORS["sandbox"]) as client:
        assert await CONNECTORS["sandbox"].fetch_subject(client) == "ana"
    assert token_calls(bank) == 2


async def test_e10_an_answer_without_a_refresh_token_keeps_the_old_one(
    ana: User, bank: SandboxBank, settings: Any
) -> None:
    connection = await connect(ana, bank)
    before = await ProviderToken.objects.aget(connection=connection)
    await expire(connection)
    async with canned(answer('{"access_token": "AT2", "token_type": "Bearer", "expires_in": 300}')) as server:
        settings.SANDBOX_URL = server.url
        assert await token_of(connection) == "AT2"
    after = await ProviderToken.objects.aget(connection=connection)
    assert bytes(after.refresh_token or b"") == bytes(before.refresh_token or b"")


async def test_e10_a_bank_that_is_down_leaves_the_connection_as_it_was(
    ana: User, bank: SandboxBank, settings: Any
) -> None:
    connection = await connect(ana, bank)
    await expire(connection)
    for mode, error in (("status_500", ProviderUnavailable), ("status_429", ProviderRateLimited)):
        bank.control("faults", {"target": "token", "mode": mode, "times": 1, "retry_after": 0})
        with pytest.raises(error):
            await token_of(connection)
    settings.SANDBOX_URL = "http://127.0.0.1:1"
    with pytest.raises(ProviderUnreachable):
        await token_of(connection)
    settings.SANDBOX_URL = bank.url
    assert await state_of(connection) == (State.ACTIVE, "")
    row = await ProviderToken.objects.aget(connection=connection)
    assert (row.attempt_at, row.lease_id) == (None, None)
    await token_of(connection)


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("drop", AnswerLost),
        ("hang", AnswerLost),
        ("garbage", ProviderUnreadable),
        ("html", ProviderUnreadable),
    ],
)
async def test_e10_an_answer_that_says_nothing_is_tried_again_with_the_old_token(
    mode: str, error: type[Exception], ana: User, bank: SandboxBank, settings: Any
) -> None:
    connection = await connect(ana, bank)
    await expire(connection)
    settings.PROVIDER_DEADLINE_SECONDS = 1
    bank.control("faults", {"target": "token", "mode": mode, "times": 2})
    for _ in range(2):
        with pytest.raises(error):
            await token_of(connection)
        assert (await ProviderToken.objects.aget(connection=connection)).attempt_at is not None
    assert await state_of(connection) == (State.ACTIVE, "")
    await token_of(connection)
    assert (await ProviderToken.objects.aget(connection=connection)).attempt_at is None


async def test_a_rotation_whose_answer_was_lost_ends_as_outcome_unknown_once(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await expire(connection)
    bank.control("faults", {"target": "token", "mode": "drop_after", "times": 1})
    with pytest.raises(AnswerLost):
        await token_of(connection)
    assert await state_of(connection) == (State.ACTIVE, "")
    for _ in range(3):
        with pytest.raises(OutcomeUnknown):
            await token_of(connection)
    assert await state_of(connection) == (State.REAUTH_REQUIRED, "outcome_unknown")
    assert token_calls(bank) == 3  # exchange, lost, and one more try
    assert await attention_mails() == ["outcome_unknown"]


async def test_a_bank_that_is_down_in_between_does_not_hide_the_lost_answer(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await expire(connection)
    for mode in ("drop_after", "status_500"):
        bank.control("faults", {"target": "token", "mode": mode, "times": 1})
        with pytest.raises(ProviderUnavailable):
            await token_of(connection)
    with pytest.raises(OutcomeUnknown):
        await token_of(connection)


async def test_e10_a_consent_withdrawn_at_the_bank_is_noticed_once_and_told(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await expire(connection)
    bank.control("revoke", {"customer": "ana"})
    for _ in range(3):
        with pytest.raises(ConsentEnded) as caught:
            await token_of(connection)
        assert caught.value.code == "revoked_by_user"
    assert await state_of(connection) == (State.REVOKED, "revoked_by_user")
    assert connection.next_sync_at is None
    assert token_calls(bank) == 2
    assert await attention_mails() == ["revoked_by_user"]


async def test_a_consent_that_ran_out_by_the_clock_is_not_called_withdrawn(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await expire(connection)
    await Connection.objects.filter(id=connection.id).aupdate(consent_expires_at=timezone.now())
    bank.control("revoke", {"customer": "ana"})
    with pytest.raises(ConsentEnded):
        await token_of(connection)
    assert await state_of(connection) == (State.REAUTH_REQUIRED, "consent_expired")


async def test_a_fresh_token_that_is_refused_all_the_same_ends_the_consent(
    ana: User, bank: SandboxBank, settings: Any
) -> None:
    connection = await connect(ana, bank)
    tokens = answer('{"access_token": "AT2", "token_type": "Bearer"}')
    refused = answer("{}", "401 Unauthorized")
    async with canned(refused, tokens, refused) as server:
        settings.SANDBOX_URL = server.url
        async with wiring.connector_client(connection, CONNECTORS["sandbox"]) as client:
            with pytest.raises(ConsentEnded):
                await request_json(client, "GET", "/x", type=Any)
    assert len(server.requests) == 3
    assert await state_of(connection) == (State.REAUTH_REQUIRED, "consent_ended")
    assert await attention_mails() == ["consent_ended"]


async def test_a_refusal_that_a_new_consent_has_overtaken_ends_nothing(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    stale = await ProviderToken.objects.select_related("connection").aget(connection=connection)
    trip = await restart(ana, bank, connection)
    await trip.come_back(await trip.decide())
    ended = await run_db(
        Connection.objects.end_consent,
        id=connection.id,
        state=State.REVOKED,
        reason="revoked_by_user",
        token_version=stale.version,
    )
    assert ended is None
    assert await state_of(connection) == (State.ACTIVE, "")


async def test_a_refresh_goes_on_when_its_caller_is_cancelled(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await expire(connection)
    caller = asyncio.create_task(token_of(connection))
    while not await ProviderToken.objects.filter(connection=connection, lease_id__isnull=False).aexists():
        assert not caller.done()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    token = await token_of(connection)
    assert token_calls(bank) == 2
    async with wiring.connector_client(connection, CONNECTORS["sandbox"]) as client:
        await CONNECTORS["sandbox"].fetch_subject(client)
    assert await token_of(connection) == token


async def test_a_waiter_is_told_to_come_back_when_the_holder_of_the_lease_fails(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await expire(connection)
    held = ProviderToken.objects.filter(connection=connection)
    await held.aupdate(lease_id=connection.id, lease_until=timezone.now() + timedelta(seconds=30))
    waiting = asyncio.create_task(token_of(connection))
    assert not (await asyncio.wait({waiting}, timeout=0.5))[0]
    await held.aupdate(lease_id=None, lease_until=None)
    with pytest.raises(ProviderUnavailable):
        await waiting
    assert token_calls(bank) == 1


async def test_a_lease_whose_holder_died_is_taken_over_after_its_end(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await expire(connection)
    dead = timezone.now() - timedelta(seconds=1)
    await ProviderToken.objects.filter(connection=connection).aupdate(
        lease_id=connection.id, lease_until=dead, attempt_at=dead
    )
    await token_of(connection)  # it died before the call: the old token still counts
    assert token_calls(bank) == 2
    row = await ProviderToken.objects.aget(connection=connection)
    assert (row.lease_id, row.attempt_at, row.previous_attempt_at) == (None, None, None)


async def test_a_token_without_a_refresh_token_needs_the_person_at_its_end(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    service = wiring.token_service()
    await service.store_tokens(connection_id=connection.id, tokens=TokenResponse("AT", expires_in=0))
    with pytest.raises(ConsentEnded):
        await token_of(connection)
    assert await state_of(connection) == (State.REAUTH_REQUIRED, "consent_expired")


async def test_erased_tokens_are_gone(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await ProviderToken.objects.filter(connection_id=connection.id).adelete()
    with pytest.raises(ConsentEnded):
        await token_of(connection)


async def test_no_token_code_or_secret_is_ever_logged(
    ana: User, bank: SandboxBank, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    caplog.set_level("INFO")
    connection = await connect(ana, bank)
    access = await token_of(connection)
    await expire(connection)
    for mode in ("status_500", "drop_after", "garbage"):
        bank.control("faults", {"target": "token", "mode": mode, "times": 1})
        with pytest.raises(ProviderError):
            await token_of(connection)
    said = caplog.text
    for secret in (access, settings.SANDBOX_CLIENT_SECRET, "code=", "access_token", "refresh_token="):
        assert secret not in said
