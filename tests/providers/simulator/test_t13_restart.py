"""A bank that is started again on the file of its state: consents at every vendor go on, and so does the clock."""

import base64
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from providers.connectors.snaptrade.signing import signed
from providers.simulator.process import SandboxBank
from providers.wire.placing import Unsigned
from tests.providers.simulator.conftest import REDIRECT_URI, TODAY, OAuthClient

Ask = Callable[[httpx.Client], httpx.Response]
YES = {"customer": "ana", "decision": "approve"}


def simplefin(bank: SandboxBank, http: httpx.Client) -> Ask:
    token = bank.control("simplefin/token", {"customer": "ana"})["token"]
    url = urlsplit(http.post(base64.b64decode(token).decode()).text)
    access = (url.username or "", url.password or "")
    return lambda later: later.get("/simplefin/accounts?version=2&balances-only=1", auth=access)


def ibkr(bank: SandboxBank, http: httpx.Client) -> Ask:
    desk = bank.control("ibkr/desk", {"customer": "ana"})
    asked = {"t": desk["token"], "q": desk["query"], "v": "3"}
    place, agent = "/ibkr/AccountManagement/FlexWebService/SendRequest", {"User-Agent": "test/1"}
    return lambda later: later.get(place, params=asked, headers=agent)


def plaid(bank: SandboxBank, http: httpx.Client) -> Ask:
    ours = {"PLAID-CLIENT-ID": bank.client_id, "PLAID-SECRET": bank.client_secret}
    public = http.post("/plaid/sandbox/public_token/create", json={}, headers=ours).json()["public_token"]
    token = http.post("/plaid/item/public_token/exchange", json={"public_token": public}, headers=ours).json()
    asked = {"access_token": token["access_token"]}
    return lambda later: later.post("/plaid/accounts/get", json=asked, headers=ours)


def snaptrade(bank: SandboxBank, _: httpx.Client) -> Ask:
    key = bank.control("snaptrade/key", {"customer": "ana", "connected": True})

    def ask(later: httpx.Client) -> httpx.Response:
        url = later.base_url.join("/snaptrade/api/v1/accounts")
        proof = signed(Unsigned("GET", url, b""), key, datetime.now(UTC))
        return later.get(url.copy_merge_params(dict(proof.query)), headers=dict(proof.header))

    return ask


def enable_banking(_: SandboxBank, http: httpx.Client) -> Ask:
    key, now = rsa.generate_private_key(65537, 2048), datetime.now(UTC)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    http.post("/enable-banking/applications", json={"application": "app", "key": public})
    claims = {
        "iss": "enablebanking.com",
        "aud": "api.enablebanking.com",
        "iat": now,
        "exp": now + timedelta(hours=1),
    }
    ours = {"Authorization": f"Bearer {jwt.encode(claims, key, algorithm='RS256', headers={'kid': 'app'})}"}
    until = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) + timedelta(days=90)
    asked = {
        "aspsp": {"name": "Sandbox Bank", "country": "FI"},
        "access": {"valid_until": until.isoformat()},
        "state": "s",
        "redirect_url": REDIRECT_URI,
    }
    page = http.post("/enable-banking/auth", json=asked, headers=ours).json()["url"]
    back = dict(parse_qsl(urlsplit(http.post(page, data=YES).headers["Location"]).query))
    session = http.post("/enable-banking/sessions", json={"code": back["code"]}, headers=ours).json()
    uid = session["accounts"][0]["uid"]
    return lambda later: later.get(f"/enable-banking/accounts/{uid}/balances", headers=ours)


VENDORS: list[Callable[[SandboxBank, httpx.Client], Ask]] = [
    simplefin,
    ibkr,
    plaid,
    snaptrade,
    enable_banking,
]


def shown(answer: httpx.Response) -> Any:
    """The accounts in an answer, or that it is one."""
    assert answer.status_code == 200, answer.text
    if "<Status>" in answer.text:
        return "<Status>Success</Status>" in answer.text
    found = answer.json()
    return (
        {name: value for name, value in found.items() if name != "request_id"}
        if isinstance(found, dict)
        else found
    )


def test_t13_grants_at_every_vendor_and_the_clock_survive_a_restart_and_no_token_is_written_down(
    tmp_path: Path,
) -> None:
    state = tmp_path / "bank.json"
    with (
        SandboxBank.start(redirect_uri=REDIRECT_URI, state=state, today=TODAY) as first,
        httpx.Client(base_url=first.url, timeout=20) as http,
    ):
        client = OAuthClient(first, http)
        tokens = client.connect()
        spent = tokens["refresh_token"]
        tokens = client.refresh(spent).json()
        first.control("advance", {"days": 2})
        truth = first.control("truth")
        secret = first.client_secret
        asked = [vendor(first, http) for vendor in VENDORS]
        before = [shown(ask(http)) for ask in asked]
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    written = state.read_text()
    assert not any(
        token in written for token in (tokens["access_token"], tokens["refresh_token"], spent, secret)
    )
    with (
        SandboxBank.start(
            redirect_uri=REDIRECT_URI, state=state, today=TODAY, client_secret=secret
        ) as second,
        httpx.Client(base_url=second.url, timeout=20) as http,
    ):
        client = OAuthClient(second, http)
        assert second.control("truth") == truth
        assert client.get("customer", tokens["access_token"]).status_code == 200
        assert client.refresh(spent).json()["error"] == "invalid_grant"
        assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
        assert [shown(ask(http)) for ask in asked] == before
        second.control("reset")
        assert [ask(http).status_code for ask in (asked[0], *asked[2:])] == [403, 400, 401, 401]
        assert "<Status>Fail</Status>" in asked[1](http).text
