"""The strict bank: clients sign instead of sharing a secret, requests are pushed, tokens are bound to a key.

RFC 7523 (private_key_jwt), RFC 9126 (PAR) and RFC 9449 (DPoP), as FAPI 2.0 asks for them.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.http import HttpRequest
from jwt.algorithms import ECAlgorithm

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PUSHED = "urn:ietf:params:oauth:request_uri:"
PUSHED_SECONDS = 60
PROOF_SECONDS = 60


class ClientError(Exception):
    """The client did not authenticate (RFC 7523)."""


class ProofError(Exception):
    """The DPoP proof is missing or wrong (RFC 9449 section 5)."""

    code = "invalid_dpop_proof"


class NonceError(ProofError):
    """A proof without our current nonce (RFC 9449 section 8)."""

    code = "use_dpop_nonce"


@dataclass(slots=True)
class Strict:
    """The client's public key, the nonce, the ids used already and the requests that were pushed."""

    public_key: EllipticCurvePublicKey
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    seen: set[str] = field(default_factory=set)
    pushed: dict[str, tuple[float, dict[str, str]]] = field(default_factory=dict)

    @classmethod
    def read(cls, pem: bytes) -> "Strict":
        """The state for a client with this public key. Raises ValueError."""
        key = load_pem_public_key(pem)
        if not isinstance(key, EllipticCurvePublicKey):
            raise ValueError("The client's key must be an elliptic curve key.")
        return cls(key)

    def client(self, form: Mapping[str, str], issuer: str, client_id: str) -> None:
        """Check that the form has a fresh assertion of the client (RFC 7523 section 3). Raises ClientError."""
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_secret" in form:
            raise ClientError("Authenticate with private_key_jwt.")
        try:
            claims = jwt.decode(
                form.get("client_assertion", ""),
                self.public_key,
                algorithms=["ES256"],
                audience=issuer,
                issuer=client_id,
                options={"require": ["exp", "iat", "jti", "sub", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            raise ClientError(f"The assertion is not valid: {type(error).__name__}.") from error
        if claims["sub"] != client_id or claims["exp"] - claims["iat"] > 300:
            raise ClientError("The assertion is for another server, or lasts too long.")
        self._once(claims["jti"], ClientError("This assertion was used before."))

    def push(self, parameters: dict[str, str]) -> str:
        """Keep an authorization request; returns its request_uri (RFC 9126 section 2.2)."""
        uri = PUSHED + secrets.token_urlsafe(24)
        self.pushed[uri] = (time.time() + PUSHED_SECONDS, parameters)
        return uri

    def pulled(self, uri: str) -> dict[str, str] | None:
        """The request with this request_uri, for as long as it lives."""
        until, parameters = self.pushed.get(uri, (0.0, {}))
        return parameters if until > time.time() else None

    def thumbprint(self, request: HttpRequest, url: str, *, access_token: str = "") -> str:
        """The thumbprint of the key that the proof was made with (RFC 7638). Raises ProofError."""
        jwk, claims = _opened(request.headers.get("DPoP", ""))
        if claims.get("nonce") != self.nonce:
            raise NonceError("Quote the nonce in DPoP-Nonce.")
        if (claims.get("htm"), claims.get("htu")) != (request.method, url):
            raise ProofError("The proof is for another request.")
        if abs(time.time() - claims["iat"]) > PROOF_SECONDS:
            raise ProofError("The proof is too old.")
        if access_token and not hmac.compare_digest(
            claims.get("ath", ""), sha256_base64url(access_token.encode())
        ):
            raise ProofError("The proof is for another token.")
        self._once(claims["jti"], ProofError("This proof was used before."))
        members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
        return sha256_base64url(json.dumps(members, separators=(",", ":"), sort_keys=True).encode())

    def _once(self, jti: str, error: Exception) -> None:
        if jti in self.seen:
            raise error
        self.seen.add(jti)


def _opened(proof: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The key in a proof, and the claims that it signs."""
    try:
        header = jwt.get_unverified_header(proof)
        jwk: dict[str, Any] = header["jwk"]
        key = ECAlgorithm.from_jwk(json.dumps(jwk))
        if header.get("typ") != "dpop+jwt" or not isinstance(key, EllipticCurvePublicKey):
            raise ProofError("The proof has the wrong type, or shows the private key.")
        claims = jwt.decode(proof, key, algorithms=["ES256"], options={"require": ["jti", "iat"]}, leeway=5)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
        raise ProofError("The DPoP header holds no proof.") from error
    return jwk, claims


def sha256_base64url(data: bytes) -> str:
    """The S256 of RFC 7636 section 4.2, and the hashes of RFC 7638 and RFC 9449."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
