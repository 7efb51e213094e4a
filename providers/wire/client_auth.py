"""Client authentication at authorization servers (RFC 6749 §2.3, RFC 7523, RFC 8705)."""

import functools
import secrets
import ssl
import time
from urllib.parse import quote_plus

import httpx

from providers.wire import signing
from providers.wire.oauth_server import OAuthServer

ASSERTION_SECONDS = 60
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def credentials(server: OAuthServer) -> tuple[dict[str, str], httpx.Auth | None]:
    """The form fields and the Authorization header that authenticate us as the client."""
    match server.token_endpoint_auth_method:
        case "private_key_jwt":
            assertion = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": _assertion(server)}
            return {"client_id": server.client_id, **assertion}, None
        case "tls_client_auth":  # the certificate authenticates us (RFC 8705 §2)
            return {"client_id": server.client_id}, None
        case "client_secret_post":
            return {"client_id": server.client_id, "client_secret": server.client_secret}, None
        case _:  # both halves form-encoded first (RFC 6749 §2.3.1)
            return {}, httpx.BasicAuth(quote_plus(server.client_id), quote_plus(server.client_secret))


def _assertion(server: OAuthServer) -> str:
    """A signed JWT for this server alone, usable once, for ASSERTION_SECONDS (RFC 7523 §3)."""
    now = int(time.time())
    claims = {
        "iss": server.client_id,
        "sub": server.client_id,
        "aud": server.issuer,
        "jti": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
    }
    header = {"kid": server.client_key_id} if server.client_key_id else {}
    return signing.sign(server.client_key, claims, **header)


def tls(server: OAuthServer) -> ssl.SSLContext | None:
    """A TLS context with our certificate where the server wants one; its tokens are bound to it (RFC 8705 §3)."""
    return with_certificate(server.client_certificate)


def with_certificate(file: str) -> ssl.SSLContext | None:
    """A TLS context that shows the certificate of this file, which has its key too; None without a file."""
    return _with_certificate(file) if file else None


@functools.lru_cache(maxsize=8)
def _with_certificate(file: str) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    context.load_cert_chain(file)
    return context
