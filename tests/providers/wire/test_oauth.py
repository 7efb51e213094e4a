"""The OAuth client's requests, and its reading of each answer."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from providers.errors import (
    AnswerLost,
    ConsentEnded,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnreachable,
    ProviderUnreadable,
)
from providers.wire import oauth
from providers.wire.oauth_server import OAuthServer
from tests.providers.wire.canned import Canned, answer, canned

TOKENS = (
    '{"access_token": "AT", "token_type": "bearer", "expires_in": 300, "refresh_token": "RT", "scope": "a b"}'
)


def server(url: str, **changes: Any) -> OAuthServer:
    usual = OAuthServer(
        issuer=url,
        authorization_endpoint=f"{url}/authorize",
        token_endpoint=f"{url}/token",
        revocation_endpoint=f"{url}/revoke",
        client_id="our id",
        client_secret="our:secret/ü",
        scopes=("accounts", "holdings"),
    )
    return replace(usual, **changes)


def form(peer: Canned) -> dict[str, str]:
    return dict(parse_qsl(peer.requests[-1].partition(b"\r\n\r\n")[2].decode()))


async def refreshed(*answers: bytes, **changes: Any) -> oauth.TokenResponse:
    async with canned(*answers) as peer:
        return await oauth.refresh(server(peer.url, **changes), refresh_token="RT0")


@pytest.mark.parametrize(
    "changes",
    [
        *({name: text} for name in ("access_token", "refresh_token") for text in
          ("", "a\nb", "a\r\nX: y", "a\tb", "tok\u00e9n", "a\x7f", "\U0001f511", "a\u0000", "AT\n", "x" * 10_001, 7)),
        *({"token_type": value} for value in ("x" * 501, 7, None)),
        *({"scope": value} for value in ("a\nb", "\u00e9", "x" * 501, 7)),
        *({"expires_in": value} for value in (-1, 10**10, "soon", 1.5)),
    ],
)  # fmt: skip
async def test_s09_a_token_response_outside_of_rfc_6749_is_unreadable(changes: dict[str, Any]) -> None:
    fields = {"access_token": "AT", "token_type": "bearer", "refresh_token": "RT", **changes}
    with pytest.raises(ProviderUnreadable):
        await refreshed(answer(json.dumps(fields)))


async def test_s09_every_character_of_vschar_is_taken() -> None:
    visible = "".join(map(chr, range(0x20, 0x7F)))
    fields = {"access_token": visible, "token_type": "bearer", "refresh_token": visible}
    tokens = await refreshed(answer(json.dumps(fields)))
    assert (tokens.access_token, tokens.refresh_token) == (visible, visible)


async def test_e1_the_authorization_url_carries_all_that_rfc_6749_and_7636_ask_for() -> None:
    verifier = oauth.new_code_verifier()
    url = await oauth.authorization_url(
        server("https://b.example"), redirect_uri="https://d/cb", state="S", code_verifier=verifier
    )
    digest = hashlib.sha256(verifier.encode()).digest()
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": ["our id"],
        "redirect_uri": ["https://d/cb"],
        "scope": ["accounts holdings"],
        "state": ["S"],
        "code_challenge": [base64.urlsafe_b64encode(digest).decode().rstrip("=")],
        "code_challenge_method": ["S256"],
    }
    assert 43 <= len(verifier) <= 128
    assert verifier not in url


def test_e1_no_two_attempts_share_a_state_or_a_verifier() -> None:
    assert (
        len({oauth.new_state() for _ in range(100)} | {oauth.new_code_verifier() for _ in range(100)}) == 200
    )


async def test_e1_a_code_is_exchanged_with_its_verifier_and_redirect_uri() -> None:
    async with canned(answer(TOKENS)) as peer:
        tokens = await oauth.exchange_code(
            server(peer.url), code="C", code_verifier="V", redirect_uri="https://d/cb"
        )
    assert form(peer) == {
        "grant_type": "authorization_code",
        "code": "C",
        "code_verifier": "V",
        "redirect_uri": "https://d/cb",
    }
    assert (tokens.access_token, tokens.refresh_token, tokens.expires_in, tokens.scope) == (
        "AT",
        "RT",
        300,
        "a b",
    )


async def test_id_and_secret_go_form_encoded_into_basic_authentication() -> None:
    async with canned(answer(TOKENS)) as peer:
        await oauth.refresh(server(peer.url), refresh_token="RT0")
    credentials = base64.b64encode(b"our+id:our%3Asecret%2F%C3%BC")
    assert b"authorization: basic " + credentials.lower() in peer.requests[0].lower()
    assert form(peer) == {"grant_type": "refresh_token", "refresh_token": "RT0"}


async def test_a_server_that_wants_the_secret_in_the_form_gets_it_there_only() -> None:
    async with canned(answer(TOKENS)) as peer:
        await oauth.refresh(
            server(peer.url, token_endpoint_auth_method="client_secret_post"), refresh_token="RT0"
        )
    assert b"authorization:" not in peer.requests[0].lower()
    assert form(peer)["client_secret"] == "our:secret/ü"


async def test_an_answer_without_optional_members_is_fine() -> None:
    tokens = await refreshed(answer('{"access_token": "AT", "token_type": "Bearer"}'))
    assert (tokens.refresh_token, tokens.expires_in, tokens.consent_expires_at) == (None, None, None)


async def test_tokens_are_not_shown_by_repr() -> None:
    assert "AT" not in repr(tokens := await refreshed(answer(TOKENS)))
    assert "RT" not in repr(tokens)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        ("400 Bad Request", '{"error": "invalid_grant"}', ConsentEnded),
        ("401 Unauthorized", '{"error": "invalid_grant"}', ConsentEnded),
        ("400 Bad Request", '{"error": "unsupported_token_type"}', ConsentEnded),
        (
            "401 Unauthorized",
            '{"error": "invalid_client", "error_description": "Refresh token invalid"}',
            ConsentEnded,
        ),
        ("401 Unauthorized", '{"error": "invalid_client"}', ProviderRefused),
        ("400 Bad Request", '{"error": "invalid_scope"}', ProviderRefused),
        ("400 Bad Request", "<html>", ProviderUnreadable),
        ("400 Bad Request", '{"error": 7}', ProviderUnreadable),
        ("429 Slow", "{}", ProviderRateLimited),
        ("500 Oops", "{}", ProviderUnavailable),
        ("302 Found", "{}", ProviderUnreadable),
        ("200 OK", "<html>", ProviderUnreadable),
        ("200 OK", "", ProviderUnreadable),
        ("200 OK", '{"token_type": "bearer"}', ProviderUnreadable),
        ("200 OK", '{"access_token": "", "token_type": "bearer"}', ProviderUnreadable),
        ("200 OK", '{"access_token": "AT", "token_type": "mac"}', ProviderUnreadable),
        ("200 OK", '{"access_token": "AT", "token_type": "bearer", "expires_in": -1}', ProviderUnreadable),
    ],
)
async def test_each_refusal_has_its_typed_error(status: str, body: str, error: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        await refreshed(answer(body, status, Location="/x"))
    assert type(caught.value) is error


async def test_f4_a_token_request_is_sent_once_whatever_happens() -> None:
    for raw in (b"", answer("{}", "503 Closed")):
        async with canned(raw) as peer:
            with pytest.raises(ProviderUnavailable):
                await oauth.refresh(server(peer.url), refresh_token="RT0")
        assert len(peer.requests) == 1


async def test_a_lost_answer_is_told_from_an_unreachable_server() -> None:
    with pytest.raises(AnswerLost):
        await refreshed(b"")
    with pytest.raises(ProviderUnreachable):
        await oauth.refresh(server("http://127.0.0.1:1"), refresh_token="RT0")


async def test_a_revocation_names_the_token_and_its_kind() -> None:
    async with canned(answer("")) as peer:
        await oauth.revoke(server(peer.url), token="RT0")
    assert form(peer) == {"token": "RT0", "token_type_hint": "refresh_token"}
    assert peer.requests[0].startswith(b"POST /revoke ")


async def test_a_server_without_revocation_is_left_alone() -> None:
    async with canned(answer("")) as peer:
        await oauth.revoke(server(peer.url, revocation_endpoint=None), token="RT0")
    assert peer.requests == []


async def test_a_revocation_that_finds_nobody_home_says_so() -> None:
    async with canned(answer("{}", "503 Closed")) as peer:
        with pytest.raises(ProviderUnavailable):
            await oauth.revoke(server(peer.url), token="RT0")
