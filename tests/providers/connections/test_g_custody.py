"""Custody of tokens against an attacker who reads or writes the database, and through the loss of a key."""

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, User
from dashtam.bridge.doors import run_db
from dashtam.crypto.sealed_fields import place
from dashtam.errors import DecryptionFailed
from providers import wiring
from providers.connections.models import AuthorizationRequest, Connection, ProviderToken
from providers.errors import AuthorizationFailed
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.providers import dumps
from tests.providers.connections.linking import BROWSER, connect, start

State = Connection.State
Swap = Callable[[ProviderToken, ProviderToken], dict[str, bytes]]


async def token_of(connection: Connection) -> str:
    return await wiring.token_service().get_access_token(connection_id=connection.id)


async def sync(connection: Connection) -> Connection:
    """Update it as the worker does; the connection as its person then sees it."""
    run = await SyncRun.objects.filter(connection=connection, state="queued").afirst()
    run = run or await SyncRun.objects.acreate(connection=connection, trigger="manual")
    await wiring.sync_service().run(run_id=run.id)
    await connection.arefresh_from_db()
    return connection


def access_of_another(hers: ProviderToken, his: ProviderToken) -> dict[str, bytes]:
    return {"access_token": bytes(hers.access_token)}


def refresh_of_another(hers: ProviderToken, his: ProviderToken) -> dict[str, bytes]:
    return {"refresh_token": bytes(hers.refresh_token or b"")}


def own_columns_exchanged(hers: ProviderToken, his: ProviderToken) -> dict[str, bytes]:
    return {"access_token": bytes(his.refresh_token or b""), "refresh_token": bytes(his.access_token)}


def one_bit(hers: ProviderToken, his: ProviderToken) -> dict[str, bytes]:
    envelope = bytearray(his.access_token)
    envelope[-1] ^= 1
    return {"access_token": bytes(envelope)}


@pytest.mark.parametrize("swap", [access_of_another, refresh_of_another, own_columns_exchanged, one_bit])
async def test_g1_an_envelope_that_was_moved_or_altered_opens_for_nobody_and_is_noticed(
    swap: Swap, ana: User, ben: User, bank: SandboxBank
) -> None:
    hers, his = await connect(ana, bank), await connect(ben, bank, customer="ben")
    rows = [await ProviderToken.objects.aget(connection=connection) for connection in (hers, his)]
    await ProviderToken.objects.filter(connection=his).aupdate(
        **swap(*rows), access_expires_at=timezone.now() if swap is refresh_of_another else None
    )
    calls = bank.control("log")["counts"]
    connection = await sync(his)
    assert (connection.state, connection.state_reason) == (State.DEGRADED, "envelope_invalid")
    assert bank.control("log")["counts"] == calls, "nothing may be sent with what somebody put there"
    await sync(his)
    event = await AuditEvent.objects.aget(action="connection_token.refused")
    assert (event.user_id, event.detail["connection_id"]) == (ben.id, str(his.id))
    assert event.detail["code"] == "envelope_invalid"
    assert (await sync(hers)).state == State.ACTIVE


async def test_g1_a_verifier_of_another_attempt_exchanges_no_code(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    other, trip = await start(ben, bank), await start(ana, bank)
    await other.leave("another browser")
    answer = await trip.decide()
    theirs = await AuthorizationRequest.objects.aget(user=ben)
    await AuthorizationRequest.objects.filter(user=ana).aupdate(
        code_verifier=bytes(theirs.code_verifier or b"")
    )
    with pytest.raises(AuthorizationFailed):
        await trip.come_back(answer)
    assert bank.control("log")["counts"].get("token", 0) == 0


async def test_g2_a_lost_key_fails_its_own_rows_only_and_loses_nothing(
    ana: User, ben: User, bank: SandboxBank, settings: Any
) -> None:
    lost = await connect(ana, bank)
    ring = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = {"other": os.urandom(32)}
    kept = await connect(ben, bank, customer="ben")
    with pytest.raises(DecryptionFailed) as caught:
        await token_of(lost)
    assert caught.value.code == "key_unknown"
    await sync(lost)
    assert (lost.state, lost.state_reason) == (State.DEGRADED, "key_unknown")
    assert (await sync(kept)).state == State.ACTIVE
    settings.ENCRYPTION_KEYS = ring
    assert (await sync(lost)).state == State.ACTIVE


async def test_g5_neither_database_nor_cache_holds_a_token_a_code_or_a_verifier(
    ana: User, bank: SandboxBank, settings: Any
) -> None:
    trip = await start(ana, bank)
    address = await trip.leave()
    request = await AuthorizationRequest.objects.aget()
    service = wiring.token_service().encryption
    verifier = service.decrypt(
        bytes(request.code_verifier or b""), row=place(AuthorizationRequest, request.id, "code_verifier")
    )
    state = parse_qs(urlsplit(address).query)["state"][0]
    away = await run_db(dumps.database) + dumps.cache()
    answer = parse_qs(urlsplit(bank.decide(address)).query)
    connection = await trip.come_back({name: values[0] for name, values in answer.items()})
    await sync(connection)
    row = await ProviderToken.objects.aget(connection=connection)
    refresh_token = service.decrypt(
        bytes(row.refresh_token or b""), row=place(ProviderToken, connection.id, "refresh_token")
    )
    canaries = {
        "access token": (await token_of(connection)).encode(),
        "refresh token": refresh_token,
        "code": answer["code"][0].encode(),
        "state": state.encode(),
        "verifier": verifier,
        "browser's cookie": BROWSER.encode(),
        "link": trip.link_token.encode(),
        "client secret": settings.SANDBOX_CLIENT_SECRET.encode(),
        "encryption key": next(iter(settings.ENCRYPTION_KEYS.values())),
    }
    there = await run_db(dumps.database) + dumps.cache()
    for dump in (away, there):
        assert str(ana.id).encode() in dump or ana.id.bytes in dump, "the dump holds everything"
        assert [name for name, canary in canaries.items() if canary in dump] == []
    await wiring.connection_service().disconnect(user_id=ana.id, connection_id=connection.id)
    there = await run_db(dumps.database) + dumps.cache()
    assert [name for name, canary in canaries.items() if canary in there] == []
