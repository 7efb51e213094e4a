"""The OAuth 2.0 client: RFC 6749 (code grant), 7636 (PKCE), 7009 (revocation), 9126 (pushed requests), 9449 (DPoP).

It serves all providers: the differences between their servers are data (OAuthServer).

A token request is never repeated: once sent, its answer may be lost although the provider acted on it. After
AnswerLost and ProviderUnreadable the outcome is open; after any other error nothing was issued.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

import httpx
import msgspec

from dashtam.crypto.base64url import base64url
from providers.errors import (
    ConsentEnded,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnreadable,
)
from providers.wire import client_auth, dpop, http, pauses
from providers.wire.grants import ACCESS, REFRESH, Grant
from providers.wire.oauth_server import OAuthServer

VSCHARS, PRINTABLE = r"\A[\x20-\x7e]+\Z", r"\A[\x20-\x7e]*\Z"  # RFC 6749 appendix A.12 and A.17; A.4, looser
Token = Annotated[str, msgspec.Meta(min_length=1, max_length=10_000, pattern=VSCHARS)]


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """Tokens of RFC 6749 §5.1. `expires_in` is in seconds; `consent_expires_at` is set where the provider says it."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in: int | None = None
    scope: str = ""
    consent_expires_at: datetime | None = None

    def grant(self) -> Grant:
        """The grant that they are. Without a refresh token an earlier one stays in force (§6)."""
        lifetime, refresh = self.expires_in, self.refresh_token
        return Grant(
            secrets={ACCESS: self.access_token} | ({} if refresh is None else {REFRESH: refresh}),
            expires_at=None if lifetime is None else datetime.now(UTC) + timedelta(seconds=lifetime),
            ends_at=self.consent_expires_at,
            scope=self.scope,
        )


class TokenAnswer(msgspec.Struct):
    """The JSON of a successful token response (RFC 6749 §5.1)."""

    access_token: Token
    token_type: Annotated[str, msgspec.Meta(max_length=500)]
    refresh_token: Token | None = None
    expires_in: Annotated[int, msgspec.Meta(ge=0, le=10**9)] | None = None
    scope: Annotated[str, msgspec.Meta(max_length=500, pattern=PRINTABLE)] | None = None
    consent_expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class PushedAnswer(msgspec.Struct):
    """The JSON of a pushed authorization response (RFC 9126 §2.2)."""

    request_uri: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000, pattern=VSCHARS)]


class ErrorAnswer(msgspec.Struct):
    """The JSON of an error response (RFC 6749 §5.2)."""

    error: str
    error_description: str = ""


def new_state() -> str:
    """A random `state` of 256 bits (RFC 6749 §10.12)."""
    return secrets.token_urlsafe(32)


def new_code_verifier() -> str:
    """A random code_verifier of 86 unreserved characters (RFC 7636 §4.1)."""
    return secrets.token_urlsafe(64)


async def authorization_url(server: OAuthServer, *, redirect_uri: str, state: str, code_verifier: str) -> str:
    """The URL that the browser is sent to (RFC 6749 §4.1.1), with an S256 challenge. Raises ProviderErrors.

    Where the server takes the request from us directly, the browser carries a reference to it only.
    """
    query = {
        "response_type": "code",
        "client_id": server.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(server.scopes),
        "state": state,
    }
    if server.pkce:
        challenge = base64url(hashlib.sha256(code_verifier.encode()).digest())
        query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    if not server.scopes:
        del query["scope"]
    if server.pushed_authorization_request_endpoint:
        query = {"client_id": server.client_id, "request_uri": await _pushed(server, query)}
    joint = "&" if "?" in server.authorization_endpoint else "?"
    return f"{server.authorization_endpoint}{joint}{urlencode(query)}"


async def _pushed(server: OAuthServer, query: dict[str, str]) -> str:
    """The request_uri of a pushed request, which works once and for a short time (RFC 9126 §2.2)."""
    response = await _post(server, server.pushed_authorization_request_endpoint or "", query)
    if not response.is_success:
        raise _refusal(response)
    return http.decoded(response, PushedAnswer).request_uri


async def exchange_code(
    server: OAuthServer, *, code: str, code_verifier: str, redirect_uri: str
) -> TokenResponse:
    """Tokens for a code (§4.1.3). Raises ProviderErrors; ConsentEnded if the code is not accepted."""
    form = {"code": code, "redirect_uri": redirect_uri}
    form |= {"code_verifier": code_verifier} if server.pkce else {}
    return await _tokens(server, {"grant_type": "authorization_code", **form})


async def refresh(server: OAuthServer, *, refresh_token: str) -> TokenResponse:
    """New tokens (§6). Raises ProviderErrors; ConsentEnded if the refresh token is not accepted."""
    return await _tokens(server, {"grant_type": "refresh_token", "refresh_token": refresh_token})


async def revoke(server: OAuthServer, *, token: str, hint: str = "refresh_token") -> None:
    """Revoke a token and its grant (RFC 7009). Raises ProviderErrors. A token unknown to the server is a success."""
    if server.revocation_endpoint is None:
        return
    response = await _post(server, server.revocation_endpoint, {"token": token, "token_type_hint": hint})
    error = http.error_of(response)
    if error is not None:
        raise error


async def _tokens(server: OAuthServer, form: dict[str, str]) -> TokenResponse:
    response = await _post(server, server.token_endpoint, form)
    if not response.is_success:
        raise _refusal(response)
    answer = http.decoded(response, TokenAnswer, as_sent=True)
    if answer.token_type.lower() != ("dpop" if server.dpop_key else "bearer"):
        raise http.traced(ProviderUnreadable(), response)
    return TokenResponse(
        access_token=answer.access_token,
        refresh_token=answer.refresh_token,
        expires_in=answer.expires_in,
        scope=answer.scope or "",
        consent_expires_at=answer.consent_expires_at and answer.consent_expires_at.astimezone(UTC),
    )


def _refusal(response: httpx.Response) -> ProviderError:
    if response.status_code not in (400, 401, 403):
        return http.error_of(response) or ProviderUnreadable()
    answer = http.decoded(response, ErrorAnswer)
    return http.traced(ConsentEnded() if _is_final(answer) else ProviderRefused(), response)


def _is_final(answer: ErrorAnswer) -> bool:
    """True if the grant is dead. Schwab says invalid_client or unsupported_token_type for a dead refresh token.

    A plain invalid_client means that our own secret is wrong, which a new consent would not repair.
    """
    if answer.error == "invalid_client":
        return "refresh" in answer.error_description.lower()
    return answer.error in ("invalid_grant", "unsupported_token_type")


async def _post(server: OAuthServer, url: str, form: dict[str, str]) -> httpx.Response:
    # Token endpoints limit our client id, so a pause holds for all connections.
    await pauses.require_none(url, ProviderRateLimited)
    response = await _sent(server, url, form)
    if server.dpop_key and dpop.wants_nonce(response, httpx.URL(url)):
        response = await _sent(server, url, form)  # it only named its nonce (RFC 9449 §8)
    await pauses.heed(url, response)
    return response


async def _sent(server: OAuthServer, url: str, form: dict[str, str]) -> httpx.Response:
    proof, auth = client_auth.credentials(server)
    extensions = {"sign": dpop.signer(server.dpop_key)} if server.dpop_key else {}
    async with http.client(url, auth, context=client_auth.tls(server)) as client:
        return await client.post(url, data=form | proof, extensions=extensions)
