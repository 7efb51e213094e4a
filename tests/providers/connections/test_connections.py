"""Linking through ConnectionService and the bank, for the person it belongs to and for no other."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from channels.layers import get_channel_layer
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.crypto import sealed_tokens
from dashtam.errors import DashtamError, NotFound
from notifications.models import Email
from notifications.services.live_event_service import group_of
from providers import wiring
from providers.connections.errors import (
    AuthorizationUsed,
    DifferentCustomer,
    EmailUnverified,
    LinkNotYours,
    LinkUnknown,
    LinkUsed,
)
from providers.connections.models import AuthorizationRequest, Connection, PendingRevocation, ProviderToken
from providers.errors import (
    AuthorizationDenied,
    AuthorizationFailed,
    AuthorizationInvalid,
    ProviderNotConfigured,
    ProviderTakesFiles,
    ProviderUnavailable,
    UnknownProvider,
)
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.jobs import queued
from tests.providers.connections.linking import BROWSER, Trip, connect, restart, start

State = Connection.State


async def refusal(trip: Trip, answer: dict[str, Any], **changes: Any) -> DashtamError:
    with pytest.raises(DashtamError) as caught:
        await trip.come_back(answer, **changes)
    return caught.value


def calls(bank: SandboxBank, endpoint: str) -> int:
    count: int = bank.control("log")["counts"].get(endpoint, 0)
    return count


# --- the way there ------------------------------------------------------------------------------------


async def test_linking_gives_an_active_connection_with_a_consent_clock_and_a_first_sync(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    assert connection.state == State.ACTIVE
    assert connection.provider_subject == "ana"
    assert connection.consent_expires_at is not None
    assert timedelta(days=179) < connection.consent_expires_at - timezone.now() <= timedelta(days=180)
    run = await SyncRun.objects.aget(connection=connection)
    assert (run.state, run.trigger) == ("queued", "initial")
    assert any(name.endswith("run_sync") for name, _ in await run_db(queued))
    request = await AuthorizationRequest.objects.aget()
    assert (request.outcome, request.code_verifier) == ("connected", None)


async def test_e5_the_link_leads_to_dashtam_and_only_the_browser_is_told_the_banks_address(
    ana: User, bank: SandboxBank
) -> None:
    started = await wiring.connection_service().start(user_id=ana.id, provider="sandbox")
    assert started.authorization_url.startswith("http://testserver/connections/start/")
    assert started.connection.state == State.PENDING
    trip = Trip(ana, bank, started.connection.id, started.authorization_url.rpartition("/")[2])
    url = await trip.leave()
    query = parse_qs(urlsplit(url).query)
    assert url.startswith(f"{bank.url}/oauth/authorize?")
    assert query["redirect_uri"] == ["http://testserver/providers/sandbox/callback"]
    assert query["code_challenge_method"] == ["S256"]
    request = await AuthorizationRequest.objects.aget()
    assert query["state"][0].encode() not in bytes(request.state_hash or b"")
    assert bytes(request.state_hash or b"") == sealed_tokens.digest(query["state"][0])


async def test_looking_at_a_link_tells_what_it_is_for_and_uses_nothing_up(
    ana: User, bank: SandboxBank
) -> None:
    trip = await start(ana, bank)
    for _ in range(3):
        link = await wiring.connection_service().pending_link(user_id=ana.id, link_token=trip.link_token)
        assert (link.provider, link.reconnecting) == ("sandbox", False)
    await trip.leave()


async def test_e5_a_link_leads_away_once(ana: User, bank: SandboxBank) -> None:
    trip = await start(ana, bank)
    await trip.leave()
    with pytest.raises(LinkUsed):
        await trip.leave()
    with pytest.raises(LinkUsed):
        await wiring.connection_service().pending_link(user_id=ana.id, link_token=trip.link_token)


async def test_e5_of_many_clicks_at_once_one_leads_away(ana: User, bank: SandboxBank) -> None:
    trip = await start(ana, bank)
    results = await asyncio.gather(*(trip.leave() for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, LinkUsed) for result in results) == 4


async def test_e4_somebody_elses_link_is_refused_and_names_nobody(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    trip = await start(ana, bank)
    trip.user = ben
    with pytest.raises(LinkNotYours) as caught:
        await trip.leave()
    assert ana.email not in f"{caught.value.title} {caught.value.detail}"
    with pytest.raises(LinkNotYours):
        await wiring.connection_service().pending_link(user_id=ben.id, link_token=trip.link_token)
    trip.user = ana
    await trip.leave()


async def test_e5_a_link_ends_after_five_minutes(ana: User, bank: SandboxBank) -> None:
    trip = await start(ana, bank)
    await AuthorizationRequest.objects.aupdate(expires_at=timezone.now())
    with pytest.raises(LinkUsed):
        await trip.leave()


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 75, "../../etc/passwd"])
async def test_e5_a_made_up_link_is_unknown(token: str, ana: User, bank: SandboxBank) -> None:
    with pytest.raises(LinkUnknown):
        await wiring.connection_service().pending_link(user_id=ana.id, link_token=token)


async def test_e5_a_link_sealed_for_another_purpose_is_unknown(ana: User, bank: SandboxBank) -> None:
    await start(ana, bank)
    request = await AuthorizationRequest.objects.aget()
    other = sealed_tokens.seal("verify_email", request.id)
    with pytest.raises(LinkUnknown):
        await wiring.connection_service().pending_link(user_id=ana.id, link_token=other)


async def test_what_cannot_be_linked_says_why(ana: User, bank: SandboxBank, settings: Any) -> None:
    service = wiring.connection_service()
    with pytest.raises(UnknownProvider):
        await service.start(user_id=ana.id, provider="nobody")
    with pytest.raises(ProviderTakesFiles):
        await service.start(user_id=ana.id, provider="ofx")
    settings.SANDBOX_URL = ""
    with pytest.raises(ProviderNotConfigured):
        await service.start(user_id=ana.id, provider="sandbox")
    assert not await Connection.objects.aexists()


async def test_a14_an_unverified_person_cannot_link(make_user: Any, bank: SandboxBank) -> None:
    nobody = await run_db(make_user, "Eve", email_verified_at=None)
    with pytest.raises(EmailUnverified):
        await wiring.connection_service().start(user_id=nobody.id, provider="sandbox")
    assert not await Connection.objects.aexists()


async def test_links_that_nobody_followed_do_not_pile_up(ana: User, bank: SandboxBank) -> None:
    await start(ana, bank)
    await AuthorizationRequest.objects.aupdate(expires_at=timezone.now())
    trip = await start(ana, bank)
    assert [c.id async for c in Connection.objects.all()] == [trip.connection_id]


# --- the way back -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": None},
        {"state": ""},
        {"state": "made up"},
        {"browser_key": None},
        {"browser_key": ""},
        {"browser_key": "another browser"},
        {"provider": "ofx"},
        {"provider": "nobody"},
    ],
)
async def test_e2_a_callback_that_does_not_fit_is_refused_without_a_call_and_spoils_nothing(
    wrong: dict[str, Any], ana: User, bank: SandboxBank
) -> None:
    trip = await start(ana, bank)
    answer = await trip.decide()
    assert isinstance(await refusal(trip, answer, **wrong), AuthorizationInvalid)
    assert calls(bank, "token") == 0
    assert (await trip.come_back(answer)).state == State.ACTIVE


async def test_e4_a_callback_in_another_persons_session_links_nothing_to_either(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    trip = await start(ana, bank)
    answer = await trip.decide()
    assert isinstance(await refusal(trip, answer, user_id=ben.id), AuthorizationInvalid)
    assert not await ProviderToken.objects.aexists()
    assert not await Connection.objects.filter(user=ben).aexists()


@pytest.mark.parametrize("iss", [None, "", "https://evil.example", "http://127.0.0.1"])
async def test_e3_another_or_no_issuer_is_refused_before_the_code_is_shown_to_anybody(
    iss: str | None, ana: User, bank: SandboxBank
) -> None:
    trip = await start(ana, bank)
    answer = await trip.decide()
    assert isinstance(await refusal(trip, answer, iss=iss), AuthorizationInvalid)
    assert calls(bank, "token") == 0


async def test_e7_a_callback_works_once(ana: User, bank: SandboxBank) -> None:
    trip = await start(ana, bank)
    answer = await trip.decide()
    connection = await trip.come_back(answer)
    assert isinstance(await refusal(trip, answer), AuthorizationUsed)
    assert calls(bank, "token") == 1
    await connection.arefresh_from_db()
    assert connection.state == State.ACTIVE


async def test_e7_of_many_callbacks_at_once_one_exchanges_the_code(ana: User, bank: SandboxBank) -> None:
    trip = await start(ana, bank)
    answer = await trip.decide()
    results = await asyncio.gather(*(trip.come_back(answer) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, Connection) for result in results) == 1
    assert sum(isinstance(result, AuthorizationUsed) for result in results) == 4
    assert calls(bank, "token") == 1


async def test_e2_a_callback_comes_too_late_after_ten_minutes(ana: User, bank: SandboxBank) -> None:
    trip = await start(ana, bank)
    answer = await trip.decide()
    await AuthorizationRequest.objects.aupdate(expires_at=timezone.now())
    assert isinstance(await refusal(trip, answer), AuthorizationUsed)
    assert calls(bank, "token") == 0


async def test_a_browser_that_goes_away_does_not_cut_the_exchange_short(ana: User, bank: SandboxBank) -> None:
    trip = await start(ana, bank)
    answer = await trip.decide()
    callback = asyncio.create_task(trip.come_back(answer))
    while not await AuthorizationRequest.objects.filter(consumed_at__isnull=False).aexists():
        assert not callback.done()
    callback.cancel()
    with pytest.raises(asyncio.CancelledError):
        await callback
    async with asyncio.timeout(20):
        while not await Connection.objects.filter(state=State.ACTIVE).aexists():
            pass
    assert await ProviderToken.objects.aexists()


async def test_e8_a_denied_consent_comes_back_as_access_denied_and_leaves_nothing(
    ana: User, bank: SandboxBank
) -> None:
    trip = await start(ana, bank)
    answer = await trip.decide(decision="deny")
    assert answer["error"] == "access_denied"
    assert isinstance(await refusal(trip, answer), AuthorizationDenied)
    assert not await Connection.objects.aexists()
    assert (await AuthorizationRequest.objects.aget()).outcome == "access_denied"


@pytest.mark.parametrize("error", ["server_error", "<script>alert(1)</script>", "x" * 5000])
async def test_e8_any_other_error_is_typed_and_never_repeated_in_words(
    error: str, ana: User, bank: SandboxBank
) -> None:
    trip = await start(ana, bank)
    answer = await trip.decide()
    refused = await refusal(trip, answer | {"code": None, "error": error})
    assert isinstance(refused, AuthorizationFailed)
    assert error not in f"{refused.title} {refused.detail}"


@pytest.mark.parametrize("code", [None, "", "made up"])
async def test_a_code_that_does_not_count_fails(code: str | None, ana: User, bank: SandboxBank) -> None:
    trip = await start(ana, bank)
    answer = await trip.decide()
    assert isinstance(await refusal(trip, answer | {"code": code}), AuthorizationFailed)
    assert not await Connection.objects.aexists()


async def test_a_bank_that_fails_after_the_exchange_does_not_keep_a_consent_nobody_uses(
    ana: User, bank: SandboxBank
) -> None:
    trip = await start(ana, bank)
    answer = await trip.decide()
    bank.control("faults", {"target": "customer", "mode": "status_500", "times": 3})
    assert isinstance(await refusal(trip, answer), ProviderUnavailable)
    assert not await Connection.objects.aexists()
    revocation = await PendingRevocation.objects.aget()
    await wiring.consent_service().revoke(revocation_id=revocation.id)
    assert calls(bank, "revoke") == 1


# --- twice the same customer --------------------------------------------------------------------------


async def test_linking_the_same_customer_again_renews_the_connection_there_is(
    ana: User, bank: SandboxBank
) -> None:
    first = await connect(ana, bank)
    old = await wiring.token_service().get_access_token(connection_id=first.id)
    second = await connect(ana, bank)
    assert second.id == first.id
    assert await Connection.objects.acount() == 1
    assert await wiring.token_service().get_access_token(connection_id=first.id) != old


async def test_two_people_may_each_link_the_same_customer(ana: User, ben: User, bank: SandboxBank) -> None:
    hers, his = await connect(ana, bank), await connect(ben, bank)
    assert hers.id != his.id


async def test_one_person_may_link_two_customers(ana: User, bank: SandboxBank) -> None:
    first, second = await connect(ana, bank), await connect(ana, bank, customer="ben")
    assert first.id != second.id


async def test_renewing_brings_a_stopped_connection_back_with_its_data(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await run_db(
        Connection.objects.end_consent, id=connection.id, state=State.REVOKED, reason="revoked_by_user"
    )
    trip = await restart(ana, bank, connection)
    link = await wiring.connection_service().pending_link(user_id=ana.id, link_token=trip.link_token)
    assert link.reconnecting
    renewed = await trip.come_back(await trip.decide())
    assert (renewed.id, renewed.state, renewed.state_reason) == (connection.id, State.ACTIVE, "")


async def test_a_renewal_that_is_denied_leaves_the_connection_as_it_was(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    trip = await restart(ana, bank, connection)
    assert isinstance(await refusal(trip, await trip.decide(decision="deny")), AuthorizationDenied)
    await connection.arefresh_from_db()
    assert connection.state == State.ACTIVE
    await wiring.token_service().get_access_token(connection_id=connection.id)


async def test_a_renewal_as_another_customer_mixes_nothing(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    trip = await restart(ana, bank, connection)
    assert isinstance(await refusal(trip, await trip.decide(customer="ben")), DifferentCustomer)
    await connection.arefresh_from_db()
    assert (connection.provider_subject, connection.state) == ("ana", State.ACTIVE)
    assert await PendingRevocation.objects.acount() == 1


async def test_nobody_renews_or_ends_another_persons_connection(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    service = wiring.connection_service()
    with pytest.raises(NotFound):
        await service.reauthorize(user_id=ben.id, connection_id=connection.id)
    with pytest.raises(NotFound):
        await service.disconnect(user_id=ben.id, connection_id=connection.id)


# --- the end ------------------------------------------------------------------------------------------


async def end(user: User, connection: Connection) -> None:
    await wiring.connection_service().disconnect(user_id=user.id, connection_id=connection.id)
    await connection.arefresh_from_db()


async def test_e13_disconnecting_erases_the_tokens_at_once_and_ends_the_consent_soon(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    access = await wiring.token_service().get_access_token(connection_id=connection.id)
    await end(ana, connection)
    assert (connection.state, connection.next_sync_at) == (State.DISCONNECTED, None)
    assert not await ProviderToken.objects.aexists()
    revocation = await PendingRevocation.objects.aget()
    jobs = [arguments for name, arguments in await run_db(queued) if name.endswith("revoke_consent")]
    assert jobs == [{"revocation_id": str(revocation.id)}]
    assert access.encode() not in bytes(revocation.token)
    await wiring.consent_service().revoke(revocation_id=revocation.id)
    assert not await PendingRevocation.objects.aexists()
    assert calls(bank, "revoke") == 1


async def test_disconnecting_twice_is_once(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await end(ana, connection)
    await end(ana, connection)
    assert await PendingRevocation.objects.acount() == 1


async def test_e13_a_revocation_is_tried_again_while_the_bank_is_down_and_given_up_in_the_end(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await end(ana, connection)
    revocation = await PendingRevocation.objects.aget()
    bank.control("faults", {"target": "revoke", "mode": "status_500", "times": 100})
    for _ in range(PendingRevocation.ATTEMPTS - 1):
        with pytest.raises(ProviderUnavailable):
            await wiring.consent_service().revoke(revocation_id=revocation.id)
    await wiring.consent_service().revoke(revocation_id=revocation.id)
    assert not await PendingRevocation.objects.aexists()
    await wiring.consent_service().revoke(revocation_id=revocation.id)
    assert calls(bank, "revoke") == PendingRevocation.ATTEMPTS


async def test_giving_up_an_unfinished_connection_removes_it(ana: User, bank: SandboxBank) -> None:
    trip = await start(ana, bank)
    await wiring.connection_service().disconnect(user_id=ana.id, connection_id=trip.connection_id)
    assert not await Connection.objects.aexists()
    with pytest.raises(LinkUsed):
        await trip.leave()


async def test_linking_again_after_disconnecting_goes_on_with_the_same_connection(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await end(ana, connection)
    again = await connect(ana, bank)
    assert (again.id, again.state) == (connection.id, State.ACTIVE)


async def test_renewing_a_disconnected_one_while_another_lives_keeps_one(
    ana: User, bank: SandboxBank
) -> None:
    first = await connect(ana, bank)
    await end(ana, first)
    other = await Connection.objects.acreate(
        user=ana, provider="sandbox", provider_subject="ana", state=State.ACTIVE
    )
    trip = await restart(ana, bank, first)
    assert (await trip.come_back(await trip.decide())).id == other.id
    await first.arefresh_from_db()
    assert first.state == State.DISCONNECTED


# --- the clock ----------------------------------------------------------------------------------------


async def test_a_consent_that_ends_soon_is_marked_and_one_that_has_ended_stops(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    soon, over = await connect(ana, bank), await connect(ben, bank)
    now = timezone.now()
    await Connection.objects.filter(id=soon.id).aupdate(consent_expires_at=now + timedelta(days=6))
    await Connection.objects.filter(id=over.id).aupdate(consent_expires_at=now)
    assert await wiring.consent_service().review() == 2
    assert await wiring.consent_service().review() == 0
    await soon.arefresh_from_db()
    await over.arefresh_from_db()
    assert (soon.state, soon.state_reason) == (State.EXPIRING, "consent_expiring")
    assert (over.state, over.state_reason) == (State.REAUTH_REQUIRED, "consent_expired")
    told = Email.objects.filter(kind="connection_needs_attention").order_by("to")
    assert [(mail.to, mail.context["reason"]) async for mail in told] == [
        (ana.email, "consent_expiring"),
        (ben.email, "consent_expired"),
    ]
    mail = await told.aget(to=ben.email)
    assert mail.context == {
        "connection_id": str(over.id),
        "provider_name": "Sandbox Bank",
        "reason": "consent_expired",
    }


async def test_e4_the_key_of_the_browser_is_kept_as_a_digest_only(ana: User, bank: SandboxBank) -> None:
    trip = await start(ana, bank)
    await trip.leave()
    request = await AuthorizationRequest.objects.aget()
    assert BROWSER.encode() not in bytes(request.browser_hash or b"")


async def test_open_pages_hear_of_each_change(ana: User, bank: SandboxBank) -> None:
    layer: Any = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(group_of(ana.id), channel)
    connection = await connect(ana, bank)
    await run_db(Connection.objects.filter(id=connection.id).update, consent_expires_at=timezone.now())
    await wiring.consent_service().review()
    await end(ana, connection)
    heard = [(await layer.receive(channel))["event"] for _ in range(3)]
    assert [event["state"] for event in heard] == ["active", "reauth_required", "disconnected"]
    assert {(event["type"], event["connection_id"]) for event in heard} == {
        ("connection.changed", str(connection.id))
    }
    await layer.close_pools()
