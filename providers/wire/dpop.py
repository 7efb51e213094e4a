"""Proofs that a token is used by whom it was issued to (DPoP, RFC 9449): without the key a token is worth nothing."""

import functools
import hashlib
import secrets
import time
from collections.abc import Callable

import httpx

from dashtam.encoding import base64url
from providers.wire import signing

Sign = Callable[[httpx.Request], None]

_nonces: dict[str, str] = {}  # what each server last asked to be quoted (§8); one per institution


def signer(key: str, *, access_token: str = "") -> Sign:
    """Puts a fresh proof into a request, each time it is sent: a proof counts once (§11.1)."""
    return functools.partial(_sign, key, access_token)


def _sign(key: str, access_token: str, request: httpx.Request) -> None:
    claims = {
        "jti": secrets.token_urlsafe(16),
        "htm": request.method,
        "htu": str(request.url.copy_with(query=None, fragment=None)),
        "iat": int(time.time()),
    }
    if access_token:
        digest = hashlib.sha256(access_token.encode()).digest()
        claims["ath"] = base64url(digest)
    if nonce := _nonces.get(_server(request.url)):
        claims["nonce"] = nonce
    request.headers["DPoP"] = signing.sign(key, claims, type="dpop+jwt", jwk=signing.public_jwk(key))


def wants_nonce(response: httpx.Response, url: httpx.URL) -> bool:
    """Whether the server did nothing but ask for its nonce, which is now known. Notes any other nonce too."""
    nonce = response.headers.get("DPoP-Nonce", "")
    if not nonce or len(nonce) > 500:
        return False
    _nonces[_server(url)] = nonce
    asked = response.headers.get("WWW-Authenticate", "") if response.status_code == 401 else response.text
    return response.status_code in (400, 401) and "use_dpop_nonce" in asked


def _server(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"
