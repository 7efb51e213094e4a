"""Attacks on linking, carried out from outside."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.crypto.sealed_fields import place
from providers import wiring
from providers.connections.models import AuthorizationRequest, Connection, PendingRevocation, ProviderToken
from providers.connectors import CONNECTORS
from providers.errors import AuthorizationInvalid, ProviderUnavailable, ProviderUnreadable
from providers.simulator.process import SandboxBank
from providers.wire import oauth
from tests.providers.api.test_api_connections import program_of
from tests.providers.connections.linking import connect, start
from tests.providers.pages.browsing import Browser, signed_in
from tests.providers.pages.test_pages_linking import leave, path_of, refused
from tests.providers.wire.canned import answer, canned
from tests.providers.wire.test_oauth import TOKENS, server

pytestmark = pytest.mark.django_db


def token_calls(bank: SandboxBank) -> int:
    count: int = bank.control("log")["counts"].get("token", 0)
    return count


# --- the way there ------------------------------------------------------------------------------------


async def test_e1_the_verifier_never_leaves_the_server(ana: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    address = await leave(browser)
    request = await AuthorizationRequest.objects.aget()
    envelope, row = (
        bytes(request.code_verifier or b""),
        place(AuthorizationRequest, request.id, "code_verifier"),
    )
    verifier = wiring.connection_service().encryption.decrypt(envelope, row=row).decode()
    assert 43 <= len(verifier) <= 128
    seen = address + "".join(cookie.value for cookie in browser.client.cookies.values())
    assert verifier not in seen
    assert parse_qs(urlsplit(address).query)["code_challenge_method"] == ["S256"]


async def test_e2_the_state_is_long_and_no_two_attempts_share_it(ana: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    states = {parse_qs(urlsplit(await leave(browser)).query)["state"][0] for _ in range(5)}
    assert len(states) == 5
    assert all(len(state) >= 43 for state in states)


async def test_e4_a_link_sent_to_a_victim_gives_the_attacker_nothing(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    """Ana starts by API and sends Ben the address; then she goes as far as the bank, and sends him that one."""
    link = (await start(ana, bank)).link_token
    victim = await signed_in(ben)
    page = await victim.get(f"/connections/start/{link}")
    assert (page.status_code, ana.email in victim.text(page)) == (403, False)
    at_the_bank = await leave(await signed_in(ana))
    page = await refused(victim, path_of(bank.decide(at_the_bank, customer="ben")))
    assert page.status_code == 400
    assert token_calls(bank) == 0
    assert not await ProviderToken.objects.aexists()


async def test_e4_an_attackers_answer_put_into_a_victims_browser_links_nothing(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    """The other way round: Ben's data must not flow to Ana, nor her bank into his account."""
    attacker, victim = await signed_in(ana), await signed_in(ben)
    hers = bank.decide(await leave(attacker), customer="ana")
    await leave(victim)  # so that he has an attempt and a cookie of his own
    assert (await refused(victim, path_of(hers))).status_code == 400
    assert token_calls(bank) == 0
    assert not await Connection.objects.filter(state="active").aexists()


async def test_e5_the_api_never_tells_the_banks_address(ana: User, bank: SandboxBank) -> None:
    started = await (await run_db(program_of, ana)).post("connections", {"provider": "sandbox"})
    body = started.content.decode()
    assert started.status_code == 201
    assert urlsplit(started.json()["authorization_url"]).netloc == "testserver"
    for told in (bank.url, "/oauth/", "code_challenge", "state="):
        assert told not in body


@pytest.mark.parametrize(
    "body",
    [
        {"provider": "https://evil.example"},
        {"provider": "../sandbox"},
        {"provider": "sandbox", "issuer": "https://evil.example"},
        {"provider": "sandbox", "token_endpoint": "https://evil.example/token"},
        {"provider": "sandbox", "redirect_uri": "https://evil.example/"},
        {"provider": "sandbox", "base_url": "https://evil.example/", "client_secret": "x"},
    ],
)
async def test_e6_nobody_brings_an_institution_of_their_own(
    body: dict[str, str], ana: User, bank: SandboxBank
) -> None:
    answered = await (await run_db(program_of, ana)).post("connections", body)
    assert answered.status_code == 400
    assert answered.json()["errors"]
    assert not await Connection.objects.aexists()


async def test_e6_a_token_request_follows_no_redirect_to_anybody() -> None:
    async with canned(answer(TOKENS)) as evil:
        moved = answer("{}", "307 Temporary Redirect", Location=f"{evil.url}/token")
        async with canned(moved) as peer:
            with pytest.raises(ProviderUnreadable):
                await oauth.refresh(server(peer.url), refresh_token="RT0")
    assert evil.requests == []


# --- the way back -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["evil_issuer", "no_issuer"])
async def test_e3_an_answer_of_another_server_is_refused_before_the_code_is_shown_to_anybody(
    mode: str, ana: User, bank: SandboxBank
) -> None:
    browser = await signed_in(ana)
    address = await leave(browser)
    bank.control("faults", {"target": "authorize", "mode": mode})
    page = await refused(browser, path_of(bank.decide(address)))
    assert page.status_code == 400
    assert token_calls(bank) == 0
    assert not await Connection.objects.filter(state="active").aexists()
    assert (await AuthorizationRequest.objects.aget()).outcome == AuthorizationInvalid.code


async def test_e7_the_same_answer_ten_times_at_once_is_one_token_call(ana: User, bank: SandboxBank) -> None:
    browser = await signed_in(ana)
    address = path_of(bank.decide(await leave(browser)))
    cookie = browser.client.cookies["link"].value

    async def come_back() -> str:
        tab = await signed_in(ana)
        tab.client.cookies["link"] = cookie
        return str((await tab.get(address))["Location"])

    places = await asyncio.gather(*(come_back() for _ in range(10)))
    assert sorted(place.startswith("/connections/failed/") for place in places) == [False] + [True] * 9
    assert token_calls(bank) == 1
    connection = await Connection.objects.aget()
    async with wiring.connector_client(connection, CONNECTORS["sandbox"]) as client:
        assert await CONNECTORS["sandbox"].fetch_subject(client) == "ana"


async def test_e9_what_a_callback_or_a_link_is_told_to_lead_to_is_ignored(
    ana: User, bank: SandboxBank
) -> None:
    for wanted in (
        "//evil.example",
        "/\\evil.example",
        "https:evil",
        "javascript:alert(1)",
        "%2f%2fevil.example",
    ):
        browser = await signed_in(ana)
        address = path_of(bank.decide(await leave(browser)))
        back = await browser.get(f"{address}&next={wanted}&redirect_uri={wanted}&return_to={wanted}")
        assert back["Location"].startswith("/connections/0")
        assert "evil" not in back["Location"]


@pytest.mark.parametrize("query", ["code=SECRETCODE&state=SECRETSTATE", "error=x&state=SECRETSTATE"])
async def test_e11_a_failed_way_back_leaves_nothing_in_the_address_bar_either(query: str, ana: User) -> None:
    for browser in (await signed_in(ana), Browser()):
        back = await browser.get(f"/providers/sandbox/callback?{query}")
        assert back.status_code == 303
        assert "SECRET" not in back["Location"]
        assert "SECRET" not in back.content.decode()
        assert (back["Cache-Control"], back["Referrer-Policy"]) == ("no-store", "no-referrer")
        page = await browser.get(back["Location"])
        assert 400 <= page.status_code < 500
        assert page["Referrer-Policy"] == "no-referrer"
        assert "http://" not in page.content.decode().replace("http://testserver", "")


@pytest.mark.parametrize("code", ["nothing_like_it", "Exception", "x" * 200])
async def test_e11_a_failure_that_we_do_not_know_is_not_found(code: str, ana: User) -> None:
    assert (await (await signed_in(ana)).get(f"/connections/failed/{code}")).status_code == 404


async def test_e12_an_id_token_is_neither_asked_for_nor_believed(ana: User, bank: SandboxBank) -> None:
    address = await leave(await signed_in(ana))
    assert "openid" not in parse_qs(urlsplit(address).query)["scope"][0].split()
    forged = TOKENS[:-1] + ', "id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzb21lYm9keSBlbHNlIn0."}'
    async with canned(answer(forged)) as peer:
        tokens = await oauth.refresh(server(peer.url), refresh_token="RT0")
    assert not hasattr(tokens, "id_token")
    connection = await connect(ana, bank)
    assert connection.provider_subject == "ana"  # as the bank's own API says of the very token


async def test_e14_no_more_is_asked_for_than_the_capabilities_need(ana: User, bank: SandboxBank) -> None:
    address = await leave(await signed_in(ana))
    asked = set(parse_qs(urlsplit(address).query)["scope"][0].split())
    assert asked == {"accounts", "balances", "transactions", "holdings"}


# --- the end ------------------------------------------------------------------------------------------


async def test_e13_after_disconnecting_nothing_here_opens_the_connection_even_if_the_bank_is_down(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    bank.control("faults", {"target": "revoke", "mode": "status_500", "times": 1})
    browser = await signed_in(ana)
    await browser.get(f"/connections/{connection.id}/disconnect")
    assert (await browser.post(f"/connections/{connection.id}/disconnect")).status_code == 303
    assert not await ProviderToken.objects.aexists()
    revocation = await PendingRevocation.objects.aget()
    assert {field.name for field in PendingRevocation._meta.get_fields()} == {
        *("id", "provider", "token", "hint", "attempts", "created_at")
    }, "nothing of it leads to a person or a connection"
    with pytest.raises(ProviderUnavailable):
        await wiring.consent_service().revoke(revocation_id=revocation.id)
    await wiring.consent_service().revoke(revocation_id=revocation.id)
    assert not await PendingRevocation.objects.aexists()


async def test_e13_a_token_that_cannot_be_ended_for_a_day_is_erased_whatever_became_of_its_task(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await wiring.connection_service().disconnect(user_id=ana.id, connection_id=connection.id)
    revocation = await PendingRevocation.objects.aget()
    await wiring.consent_service().review()
    assert await PendingRevocation.objects.aexists()
    made = revocation.created_at - PendingRevocation.LIFETIME
    await run_db(PendingRevocation.objects.filter(id=revocation.id).update, created_at=made)
    await wiring.consent_service().review()
    assert not await PendingRevocation.objects.aexists()
