"""DPoP proofs (RFC 9449), which bind tokens to our key: without the key a stolen token cannot be used."""

import functools
import hashlib
import secrets
import time
from collections.abc import Callable

import httpx

from dashtam.crypto.base64url import base64url
from providers.wire import signing

Sign = Callable[[httpx.Request], None]

_nonces: dict[str, str] = {}  # the last DPoP-Nonce of each server (§8)


def signer(key: str, *, access_token: str = "") -> Sign:
    """A function that puts a fresh proof into a request; a proof is valid once (§11.1)."""
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
    """True if the server refused the request only for want of its nonce (§8). Remembers any nonce it sends."""
    nonce = response.headers.get("DPoP-Nonce", "")
    if not nonce or len(nonce) > 500:
        return False
    _nonces[_server(url)] = nonce
    asked = response.headers.get("WWW-Authenticate", "") if response.status_code == 401 else response.text
    return response.status_code in (400, 401) and "use_dpop_nonce" in asked


def _server(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"
