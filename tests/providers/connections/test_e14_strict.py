"""Linking and syncing with signed clients, pushed requests and DPoP-bound tokens."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.utils import timezone

from accounts.models import User
from providers import wiring
from providers.connections.models import Connection, ProviderToken
from providers.connectors import CONNECTORS
from providers.errors import ProviderError, ProviderUnreachable
from providers.simulator.process import SandboxBank, SandboxBankError
from providers.wire import dpop, http, oauth, signing
from tests.certificates import certificate
from tests.providers.conftest import REDIRECT_URI
from tests.providers.connections.linking import connect, start
from tests.providers.wire.canned import Canned, answer, canned, serving
from tests.providers.wire.test_oauth import TOKENS, form, server


def pem(key: Any) -> str:
    raw: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return raw.decode()


OURS = pem(ec.generate_private_key(ec.SECP256R1()))
STOLEN_BY = pem(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="module")
def strict_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxBank]:
    public = tmp_path_factory.mktemp("strict") / "client.pem"
    ours = load_pem_private_key(OURS.encode(), None)
    public.write_bytes(ours.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with SandboxBank.start(redirect_uri=REDIRECT_URI, strict=public) as bank:
        yield bank


@pytest.fixture
def strict(strict_bank: SandboxBank, settings: Any) -> SandboxBank:
    strict_bank.control("reset")
    settings.PROVIDER_REST_SECONDS = 0
    settings.SANDBOX_URL = strict_bank.url
    settings.SANDBOX_CLIENT_ID = strict_bank.client_id
    settings.SANDBOX_CLIENT_SECRET = ""
    settings.SANDBOX_CLIENT_KEY = OURS
    return strict_bank


async def ask(connection: Connection) -> str:
    async with wiring.connector_client(connection, CONNECTORS["sandbox"]) as client:
        return await CONNECTORS["sandbox"].fetch_subject(client)


async def test_e14_linking_reading_refreshing_and_ending_work_at_a_bank_that_wants_all_of_it(
    ana: User, strict: SandboxBank
) -> None:
    connection = await connect(ana, strict)
    assert (connection.state, await ask(connection)) == ("active", "ana")
    await ProviderToken.objects.filter(connection=connection).aupdate(access_expires_at=timezone.now())
    assert await ask(connection) == "ana"
    strict.control("expire-access-tokens")
    assert await ask(connection) == "ana"
    run = await connection.sync_runs.afirst()
    assert run is not None
    await wiring.sync_service().run(run_id=run.id)
    await connection.arefresh_from_db()
    assert (connection.state, connection.state_reason) == ("active", "")
    server = CONNECTORS["sandbox"].oauth
    await oauth.revoke(
        server, token=await wiring.token_service().get_access_token(connection_id=connection.id)
    )


async def test_e14_the_browser_carries_a_reference_only_which_works_once(
    ana: User, strict: SandboxBank
) -> None:
    trip = await start(ana, strict)
    address = await trip.leave()
    assert parse_qs(urlsplit(address).query).keys() == {"client_id", "request_uri"}
    strict.decide(address)
    with pytest.raises(SandboxBankError):
        strict.decide(address)


async def test_e14_a_request_that_a_browser_made_up_itself_is_refused(ana: User, strict: SandboxBank) -> None:
    plain = await oauth.authorization_url(
        server(strict.url), redirect_uri=REDIRECT_URI, state="s", code_verifier=oauth.new_code_verifier()
    )
    with pytest.raises(SandboxBankError):
        strict.decide(plain.replace("/authorize", "/oauth/authorize").replace("our+id", strict.client_id))


async def test_e14_a_link_is_not_used_up_while_the_bank_cannot_be_told(
    ana: User, strict: SandboxBank, settings: Any
) -> None:
    trip = await start(ana, strict)
    settings.SANDBOX_URL = "http://127.0.0.1:1"
    with pytest.raises(ProviderUnreachable):
        await trip.leave()
    settings.SANDBOX_URL = strict.url
    connection = await trip.come_back(await trip.decide())
    assert connection.state == "active"


@pytest.mark.parametrize("thief", ["without a proof", "with another key", "as a bearer"])
async def test_e14_a_stolen_access_token_is_worth_nothing(thief: str, ana: User, strict: SandboxBank) -> None:
    connection = await connect(ana, strict)
    token = await wiring.token_service().get_access_token(connection_id=connection.id)
    url = f"{strict.url}/api/v1/customer"
    if thief == "with another key":
        async with http.client(strict.url, http.BearerAuth(token, STOLEN_BY)) as client:
            assert (await client.get(url)).status_code == 401
        return
    scheme = "Bearer" if thief == "as a bearer" else "DPoP"
    async with httpx.AsyncClient(trust_env=False) as plain:
        assert (await plain.get(url, headers={"Authorization": f"{scheme} {token}"})).status_code == 401


async def test_e14_another_key_or_a_secret_is_not_our_client(
    ana: User, strict: SandboxBank, settings: Any
) -> None:
    connection = await connect(ana, strict)
    await ProviderToken.objects.filter(connection=connection).aupdate(access_expires_at=timezone.now())
    settings.SANDBOX_CLIENT_KEY = STOLEN_BY
    with pytest.raises(ProviderError):
        await ask(connection)
    settings.SANDBOX_CLIENT_KEY, settings.SANDBOX_CLIENT_SECRET = "", strict.client_secret
    with pytest.raises(ProviderError):
        await ask(connection)
    settings.SANDBOX_CLIENT_KEY = OURS
    assert await ask(connection) == "ana"


# --- what is sent -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
        (rsa.generate_private_key(65537, 2048), "PS256"),
    ],
    ids=["P-256", "Ed25519", "RSA"],
)
async def test_e14_an_assertion_is_for_one_server_once_and_soon(key: Any, algorithm: str) -> None:
    signed = {"token_endpoint_auth_method": "private_key_jwt", "client_key": pem(key), "client_key_id": "k1"}
    assertions = []
    async with canned(answer(TOKENS)) as peer:
        for _ in range(2):
            await oauth.refresh(server(peer.url, **signed), refresh_token="RT0")
            sent = form(peer)
            assert (sent["client_id"], "client_secret" in sent) == ("our id", False)
            assert b"authorization:" not in peer.requests[-1].lower()
            assertions.append(sent["client_assertion"])
    found = [
        jwt.decode(each, key.public_key(), algorithms=[algorithm], audience=peer.url, issuer="our id")
        for each in assertions
    ]
    assert jwt.get_unverified_header(assertions[0])["kid"] == "k1"
    assert {claims["sub"] for claims in found} == {"our id"}
    assert len({claims["jti"] for claims in found}) == 2
    assert all(claims["exp"] - claims["iat"] <= 60 for claims in found)


def proofs(peer: Canned) -> list[dict[str, Any]]:
    """The claims of the proof in each request."""
    found = []
    for request in peer.requests:
        lines = dict(line.split(b": ", 1) for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:])
        proof = {name.lower(): value for name, value in lines.items()}[b"dpop"].decode()
        public = load_pem_private_key(OURS.encode(), None).public_key()
        found.append(jwt.decode(proof, public, algorithms=["ES256"]))  # type: ignore[arg-type]
        assert jwt.get_unverified_header(proof)["jwk"] == signing.public_jwk(OURS)
        assert "d" not in jwt.get_unverified_header(proof)["jwk"]
    return found


async def test_e14_every_request_that_is_sent_carries_a_proof_of_its_own() -> None:
    replies, auth = (b"", answer("{}", "502 Bad Gateway"), answer('"ok"')), http.BearerAuth("AT", OURS)
    async with canned(*replies) as peer, http.client(peer.url, auth) as client:
        await http.request_json(client, "GET", "/x", type=str, params={"q": "secret"})
    found = proofs(peer)
    assert len({claims["jti"] for claims in found}) == len(found) == 3
    assert {claims["htu"] for claims in found} == {f"{peer.url}/x"}
    assert all(claims["ath"] and abs(claims["iat"] - time.time()) < 60 for claims in found)
    assert b"authorization: dpop at" in peer.requests[0].lower()


async def test_e14_a_server_that_asks_for_its_nonce_gets_it_once() -> None:
    nonce = secrets.token_hex(4)
    asks = answer('{"error": "use_dpop_nonce"}', "400 Bad Request", DPoP_Nonce=nonce)
    bound = TOKENS.replace("bearer", "DPoP")
    async with canned(asks, answer(bound)) as peer:
        tokens = await oauth.refresh(server(peer.url, dpop_key=OURS), refresh_token="RT0")
    assert tokens.access_token == "AT"
    assert [claims.get("nonce") for claims in proofs(peer)] == [None, nonce]
    async with canned(asks) as peer:
        with pytest.raises(ProviderError):
            await oauth.refresh(server(peer.url, dpop_key=OURS), refresh_token="RT0")
    assert len(peer.requests) == 2, "a server that goes on asking is not asked for ever"


async def test_e14_a_token_that_should_be_bound_and_is_not_is_refused() -> None:
    async with canned(answer(TOKENS)) as peer:
        with pytest.raises(ProviderError):
            await oauth.refresh(server(peer.url, dpop_key=OURS), refresh_token="RT0")


def test_e14_nothing_but_a_401_or_400_of_its_own_words_asks_for_a_nonce() -> None:
    url = httpx.URL("https://bank.example/x")
    said = {"DPoP-Nonce": "n", "WWW-Authenticate": 'DPoP error="use_dpop_nonce"'}
    assert dpop.wants_nonce(httpx.Response(401, headers=said), url)
    assert not dpop.wants_nonce(httpx.Response(200, headers=said), url)
    assert not dpop.wants_nonce(httpx.Response(401, headers={"DPoP-Nonce": "n"}), url)
    assert not dpop.wants_nonce(httpx.Response(401, headers=said | {"DPoP-Nonce": "n" * 501}), url)


class Asking(Canned):
    """Notes the certificate of who calls."""

    def __init__(self) -> None:
        super().__init__([answer(TOKENS)])
        self.certificates: list[Any] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.certificates.append(writer.get_extra_info("peercert"))
        await super().serve(reader, writer)


async def test_e14_a_certificate_stands_for_the_secret_where_that_is_agreed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = certificate(tmp_path, "localhost"), certificate(tmp_path, "dashtam.example")
    theirs.server.verify_mode = ours.client.verify_mode
    theirs.server.load_verify_locations(ours.file)
    monkeypatch.setattr("certifi.where", lambda: str(theirs.file))
    both = tmp_path / "both.pem"
    both.write_bytes(ours.file.read_bytes() + ours.key.read_bytes())
    asking = Asking()
    async with serving(asking, tls=theirs.server) as peer:
        url = f"https://localhost:{peer.url.rpartition(':')[2]}"
        by = {"token_endpoint_auth_method": "tls_client_auth", "client_certificate": str(both)}
        await oauth.refresh(server(url, **by), refresh_token="RT0")
    assert asking.certificates[0]["subject"] == ((("commonName", "dashtam.example"),),)
    sent = dict(parse_qsl(peer.requests[0].partition(b"\r\n\r\n")[2].decode()))
    assert sent == {"grant_type": "refresh_token", "refresh_token": "RT0", "client_id": "our id"}
