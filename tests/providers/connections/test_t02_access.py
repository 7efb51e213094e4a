"""Each kind of access, from its first step to a read, against a real HTTP server of its own."""

import base64
import hmac
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.errors import ValidationFailed
from providers import wiring
from providers.connections.errors import LinkUsed
from providers.connections.grants import opened
from providers.connections.models import AuthorizationRequest, Connection, PendingRevocation, ProviderToken
from providers.connections.started import StartedConnection
from providers.connectors import CONNECTORS
from providers.connectors.contract.errors import CredentialsRefused
from providers.connectors.contract.steps import Done, Said, Visit
from providers.errors import ConsentEnded, PaymentRequired, ProviderUnavailable
from providers.wire.grants import Grant
from providers.wire.oauth import TokenResponse
from tests.certificates import certificate
from tests.jobs import queued
from tests.providers import dumps
from tests.providers.connections.linking import BROWSER
from tests.providers.connectors import toys
from tests.providers.connectors.toys import ME, NO, Institution, Request
from tests.providers.wire.canned import answer, serving

State = Connection.State
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(autouse=True)
def _asked_at_once(settings: Any) -> None:
    settings.PROVIDER_REST_SECONDS = 0


async def begin(user: User, **credentials: str) -> StartedConnection:
    service = wiring.connection_service()
    return await service.start(user_id=user.id, provider="toy", credentials=credentials or None)


async def read(connection: Connection) -> str:
    connector = CONNECTORS["toy"]
    async with wiring.connector_client(connection, connector) as client:
        return await connector.fetch_subject(client)


async def grant_of(connection: Connection) -> Grant:
    stored = await ProviderToken.objects.aget(connection=connection)
    return opened(wiring.token_service().encryption, stored)


async def state_of(connection: Connection) -> tuple[str, str]:
    await connection.arefresh_from_db()
    return connection.state, connection.state_reason


def token_of(started: StartedConnection) -> str:
    return started.authorization_url.rpartition("/")[2]


async def nothing_shows(caplog: pytest.LogCaptureFixture, *secrets: str) -> None:
    """No secret is in the database as it was given, nor in a line of the log."""
    dump = await run_db(dumps.database)
    for secret in secrets:
        assert secret.encode() not in dump
        assert secret not in caplog.text


# --- a token to paste, and data at an address of its own ------------------------------------------------


class Bridge:
    """Gives user and password for a token, once; its data is elsewhere."""

    def __init__(self) -> None:
        self.claimed = 0
        self.data = ""
        self.status = "200 OK"

    def __call__(self, asked: Request) -> bytes:
        if asked.path == "/claim/one":
            self.claimed += 1
            return answer(self.data) if self.claimed == 1 else answer("{}", "403 Forbidden")
        if asked.path != "/books/me" or asked.basic != "ana:pass-word-7":
            return answer("{}", "403 Forbidden")
        return ME if self.status == "200 OK" else answer("{}", self.status)


@asynccontextmanager
async def bridge() -> AsyncIterator[tuple[Bridge, str, Institution]]:
    rules = Bridge()
    with toys.registered(toys.PastedToken()):
        async with toys.open_for_business(rules) as claims, toys.open_for_business(rules) as data:
            rules.data = data.url.replace("://", "://ana:pass-word-7@") + "/books"
            yield rules, base64.b64encode(f"{claims.url}/claim/one".encode()).decode(), data


async def test_t02_a_pasted_token_becomes_a_grant_with_an_address_of_its_own(
    ana: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with bridge() as (_, token, data):
        started = await begin(ana, token=token)
        assert (started.step, started.connection.state) == ("done", State.ACTIVE)
        assert started.connection.provider_subject == "ana"
        grant = await grant_of(started.connection)
        assert grant.origin == f"{data.url}/books"
        assert await read(started.connection) == "ana"
        await nothing_shows(caplog, "pass-word-7", token, f"{data.url}/books")


async def test_t02_a_token_is_claimed_once_and_a_used_one_is_refused_kindly(ana: User) -> None:
    async with bridge() as (rules, token, _):
        await begin(ana, token=token)
        with pytest.raises(CredentialsRefused):
            await begin(ana, token=token)
        assert rules.claimed == 2
        assert await Connection.objects.acount() == 1


@pytest.mark.parametrize(
    "named", ["http://bank.example/x", "https://u:p@bank.example/x", "ftp://x", "https://"]
)
async def test_t02_a_token_that_names_no_public_address_is_refused_without_a_call(
    named: str, ana: User
) -> None:
    with toys.registered(toys.PastedToken()), pytest.raises(CredentialsRefused):
        await begin(ana, token=base64.b64encode(named.encode()).decode())
    assert not await Connection.objects.aexists()


async def test_t02_a_private_address_behind_a_token_is_refused_when_it_is_called(
    ana: User, settings: Any
) -> None:
    settings.PRIVATE_HOSTS = []
    with toys.registered(toys.PastedToken()):
        for host in ("127.0.0.1", "169.254.169.254", "[::1]"):
            with pytest.raises(CredentialsRefused):
                await begin(ana, token=base64.b64encode(f"https://{host}/x".encode()).decode())


async def test_t02_the_providers_own_word_decides_what_a_status_means(ana: User) -> None:
    async with bridge() as (rules, token, _):
        connection = (await begin(ana, token=token)).connection
        rules.status = "402 Payment Required"
        with pytest.raises(PaymentRequired):
            await read(connection)
        assert await state_of(connection) == (State.ACTIVE, "")
        rules.status = "403 Forbidden"
        with pytest.raises(ConsentEnded):
            await read(connection)
        assert await state_of(connection) == (State.REAUTH_REQUIRED, "consent_ended")


async def test_t02_an_address_that_was_moved_in_the_database_opens_nothing(ana: User, ben: User) -> None:
    async with bridge() as (rules, token, _):
        hers = (await begin(ana, token=token)).connection
        rules.claimed = 0
        his = (await begin(ben, token=token)).connection
        stolen = await ProviderToken.objects.aget(connection=hers)
        await ProviderToken.objects.filter(connection=his).aupdate(secrets=bytes(stolen.secrets or b""))
        with pytest.raises(Exception, match="envelope_invalid"):
            await read(his)


# --- keys, secrets, certificates ------------------------------------------------------------------------


async def test_t02_a_key_pair_signs_each_request_anew(ana: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with toys.open_for_business(lambda asked: ME if "authorization" in asked.headers else NO) as bank:
        with toys.registered(toys.KeyPair(bank.url)):
            connection = (await begin(ana, name="key-1", key=PEM)).connection
            assert await read(connection) == "ana"
            for asked in bank.told:
                claims = toys.claims(asked, PRIVATE.public_key())
                assert (claims["sub"], claims["uri"]) == ("key-1", "GET /me")
            assert len({asked.headers["authorization"] for asked in bank.told}) == 2
            await nothing_shows(caplog, PEM.splitlines()[1])


async def test_t02_a_key_that_is_none_is_refused(ana: User) -> None:
    async with toys.open_for_business(lambda asked: ME) as bank:
        with toys.registered(toys.KeyPair(bank.url)), pytest.raises(CredentialsRefused):
            await begin(ana, name="key-1", key="-----BEGIN NOTHING-----")
        assert bank.told == []


def hmac_bank(asked: Request) -> bytes:
    expected = toys.mac("s3cret-of-ana", asked.target, asked.body)
    right = hmac.compare_digest(expected, asked.headers.get("signature", ""))
    return ME if right and asked.headers.get("x-partner") == "installation-7" else NO


async def test_t02_a_shared_secret_signs_path_query_and_body_beside_the_installations_own(ana: User) -> None:
    async with toys.open_for_business(hmac_bank) as bank:
        with toys.registered(toys.SharedSecret(bank.url)):
            connection = (await begin(ana, client="ana-1", secret="s3cret-of-ana")).connection
            assert await read(connection) == "ana"
            assert {asked.query["client"] for asked in bank.told} == {"ana-1"}
            with pytest.raises(CredentialsRefused):
                await begin(ana, client="ana-1", secret="another")


async def test_t02_a_certificate_and_basic_go_together(
    ana: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = certificate(tmp_path, "localhost"), certificate(tmp_path, "dashtam.example")
    theirs.server.verify_mode = ours.client.verify_mode
    theirs.server.load_verify_locations(ours.file)
    monkeypatch.setattr("certifi.where", lambda: str(theirs.file))
    both = tmp_path / "both.pem"
    both.write_bytes(ours.file.read_bytes() + ours.key.read_bytes())
    bank = Institution([], reply=lambda asked: ME if asked.basic == "tok-1:" else NO)
    async with serving(bank, tls=theirs.server):
        url = f"https://localhost:{bank.url.rpartition(':')[2]}"
        with toys.registered(toys.Certified(url, str(both))):
            connection = (await begin(ana, token="tok-1")).connection
            assert await read(connection) == "ana"


# --- a token in the query, and XML ----------------------------------------------------------------------


class Report:
    """Says in a 200 what is wrong."""

    body = '<Report account="ana"/>'

    def __call__(self, asked: Request) -> bytes:
        return answer(self.body if asked.query == {"t": "query-tok"} else "<Status>Fail</Status>")


async def test_t02_a_token_in_the_query_is_in_no_log_and_a_fault_is_heard_in_a_200(
    ana: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rules = Report()
    async with toys.open_for_business(rules) as bank:
        with toys.registered(toys.QueryToken(bank.url)):
            connection = (await begin(ana, token="query-tok")).connection
            rules.body = "<Status>Fail</Status>"
            with pytest.raises(ProviderUnavailable):
                await read(connection)
            assert len(bank.told) == 4, "read three times, as after a 500"
            rules.body = "<Report><Status>Fail</Status><Code>1012</Code></Report>"
            with pytest.raises(ConsentEnded) as caught:
                await read(connection)
            assert await state_of(connection) == (State.REAUTH_REQUIRED, "consent_ended")
            assert (
                "query-tok" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
            )
            await nothing_shows(caplog, "query-tok")


# --- a hosted page --------------------------------------------------------------------------------------


class Hosted:
    """Has a page that is done when it is told so."""

    def __init__(self) -> None:
        self.access = ""
        self.made: list[dict[str, Any]] = []
        self.removed: list[str] = []
        self.fail = 0

    def __call__(self, asked: Request) -> bytes:
        said = toys.members(asked)
        if asked.headers.get("x-client") != "ours":
            return NO
        if asked.path == "/page":
            self.made.append(said)
            return answer('{"url": "https://hosted.example/p/1", "page": "p-1"}')
        if asked.path == "/look":
            return answer(f'{{"access": "{self.access}"}}')
        if asked.path == "/remove":
            self.removed.append(said["access"])
            return answer("{}")
        if self.fail:
            self.fail -= 1
            return answer("{}", "502 Bad Gateway")
        return ME if said.get("access") == self.access and said["fields"] == ["id"] else NO


async def look(rules: Hosted, access: str) -> None:
    rules.access = access
    request = await AuthorizationRequest.objects.order_by("-created_at").afirst()
    assert request is not None
    await wiring.connection_service().look_again(request_id=request.id)


async def visited(user: User, started: StartedConnection) -> str:
    visit = await wiring.connection_service().leave(
        user_id=user.id, link_token=token_of(started), browser_key=BROWSER
    )
    return visit.url


async def test_t02_a_hosted_page_is_polled_until_the_person_is_done(
    ana: User, caplog: pytest.LogCaptureFixture
) -> None:
    rules = Hosted()
    async with toys.open_for_business(rules) as bank:
        with toys.registered(toys.HostedPage(bank.url)):
            started = await begin(ana)
            assert (started.step, started.connection.state) == ("visit", State.PENDING)
            assert await visited(ana, started) == "https://hosted.example/p/1"
            with pytest.raises(LinkUsed):
                await visited(ana, started)
            await look(rules, "")
            looks = [name for name, _ in await run_db(queued) if name.endswith("look_again")]
            assert len(looks) == 2, "one for leaving, one because nothing was there yet"
            await look(rules, "acc-1")
            assert await state_of(started.connection) == (State.ACTIVE, "")
            rules.fail = 2
            assert await read(started.connection) == "ana"
            await nothing_shows(caplog, "acc-1")
            await look(rules, "acc-1")
            assert await Connection.objects.acount() == 1


async def test_t02_a_hosted_consent_is_mended_and_never_a_second_one(ana: User) -> None:
    rules = Hosted()
    async with toys.open_for_business(rules) as bank:
        with toys.registered(toys.HostedPage(bank.url)):
            started = await begin(ana)
            connection = started.connection
            await visited(ana, started)
            await look(rules, "acc-1")
            renewed = await wiring.connection_service().reauthorize(
                user_id=ana.id, connection_id=connection.id
            )
            await visited(ana, renewed)
            await look(rules, "acc-1")
            assert rules.made[-1] == {"mend": "acc-1"}
            assert await state_of(connection) == (State.ACTIVE, "")
            assert not await PendingRevocation.objects.aexists(), "it is the same consent"


async def test_t02_a_consent_that_is_replaced_is_ended_at_the_institution(ana: User) -> None:
    rules = Hosted()
    async with toys.open_for_business(rules) as bank:
        with toys.registered(toys.HostedPage(bank.url)):
            for access in ("acc-1", "acc-2"):
                await visited(ana, await begin(ana))
                await look(rules, access)
            assert await Connection.objects.acount() == 1, "the same person there"
            revocation = await PendingRevocation.objects.aget()
            assert b"acc-1" not in bytes(revocation.token)
            await wiring.consent_service().revoke(revocation_id=revocation.id)
            assert rules.removed == ["acc-1"]


# --- OAuth without PKCE ---------------------------------------------------------------------------------


def plain_bank(asked: Request) -> bytes:
    if asked.path == "/token":
        tokens = answer('{"access_token": "AT", "token_type": "bearer", "refresh_token": "RT"}')
        return NO if b"code_verifier" in asked.body or asked.basic != "us:ours" else tokens
    return ME if asked.headers.get("authorization") == "Bearer AT" else NO


async def test_t02_a_code_grant_without_pkce_and_a_consent_of_a_week(ana: User) -> None:
    async with toys.open_for_business(plain_bank) as bank:
        with toys.registered(toys.PlainOAuth(bank.url)):
            service, started = wiring.connection_service(), await begin(ana)
            url = await visited(ana, started)
            assert "code_challenge" not in url
            state = url.rpartition("state=")[2]
            connection = await service.complete(
                user_id=ana.id, provider="toy", state=state, browser_key=BROWSER, code="c"
            )
            assert await read(connection) == "ana"
            assert await state_of(connection) == (State.ACTIVE, ""), "not expiring from its first minute"
            end = timezone.now() + timedelta(hours=23)
            await Connection.objects.filter(id=connection.id).aupdate(consent_expires_at=end)
            assert await wiring.consent_service().review() == 1
            assert await state_of(connection) == (State.EXPIRING, "consent_expiring")


# --- the steps themselves -------------------------------------------------------------------------------


async def test_t02_answers_are_checked_against_what_was_asked(ana: User) -> None:
    with toys.registered(toys.KeyPair("https://bank.example")):
        with pytest.raises(ValidationFailed) as caught:
            await begin(ana, name="", other="x")
        assert {wrong.field for wrong in caught.value.errors} == {"name", "key", "other"}
        assert not await Connection.objects.aexists()
        started = await begin(ana)
        assert started.ask is not None
        assert [field.name for field in started.ask.fields] == ["name", "key"]


async def test_t02_a_grant_from_before_opens_as_it_did(ana: User) -> None:
    """The tokens of a connection that an earlier version linked: no envelope but those of two columns."""
    async with toys.open_for_business(plain_bank) as bank:
        with toys.registered(toys.PlainOAuth(bank.url)):
            connection = await Connection.objects.acreate(user=ana, provider="toy", state=State.ACTIVE)
            service = wiring.token_service()
            await service.store_tokens(connection_id=connection.id, tokens=TokenResponse("AT", "RT"))
            assert (await ProviderToken.objects.aget()).secrets is None
            assert await read(connection) == "ana"


def test_t02_a_grant_and_its_steps_show_no_secret() -> None:
    grant = Grant({"a": "s3cret"}, origin="https://s3cret.example")
    for thing in (
        grant,
        Done(grant),
        Said({"a": "s3cret"}, {"b": "s3cret"}, {"c": "s3cret"}),
        Visit("s3cret"),
    ):
        assert "s3cret" not in repr(thing)
