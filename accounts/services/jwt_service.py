"""Access tokens: JSON Web Tokens as RFC 9068 profiles them, signed with our own keys."""

import functools
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

import jwt
from jwt.utils import base64url_decode

from dashtam.errors import InvalidToken

ALGORITHM = "HS256"
TYPE = "at+jwt"
LEEWAY_SECONDS = 65  # clocks a whole minute apart, times in whole seconds, and the way here
MAX_TOKEN_LENGTH = 2048
MAX_KEY_ID_LENGTH = 16
HEADER_FIELDS = {"alg", "typ", "kid"}
# Three parts, each in the one spelling of RFC 7515 §2: no character but those of base64url, no padding, and no bit set
# that belongs to no byte. PyJWT skips characters it does not know.
_PART = "(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?"
_COMPACT = re.compile(rf"{_PART}\.{_PART}\.{_PART}")
REQUIRED_CLAIMS = ["exp", "iat", "nbf", "iss", "aud", "sub", "jti", "sid"]


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token and its lifetime in seconds."""

    token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a genuine token. Only the session knows whether it still counts."""

    user_id: UUID
    session_id: UUID
    expires_at: int
    counter: int


class JWTService:
    """Makes and reads access tokens. The first key signs, all of them verify."""

    def __init__(self, *, keys: dict[str, bytes], issuer: str, audience: str, lifetime: int) -> None:
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
        self.lifetime = lifetime

    def create_access_token(self, *, user_id: UUID, session_id: UUID, counter: int = 0) -> AccessToken:
        """Sign a token for one session, valid for `lifetime` seconds; `counter` is its refresh token's number."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": str(user_id),
            "sid": str(session_id),
            "jti": uuid4().hex,
            "ctr": counter,
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime,
        }
        key_id, key = next(iter(self.keys.items()))
        token = jwt.encode(claims, key, ALGORITHM, headers={"typ": TYPE, "kid": key_id})
        return AccessToken(token, self.lifetime)

    def decode_access_token(self, token: str) -> Claims:
        """Verify a token as RFC 8725 and RFC 9068 §4 ask. Raises InvalidToken."""
        if len(token) > MAX_TOKEN_LENGTH or not _COMPACT.fullmatch(token):
            raise InvalidToken()
        try:
            claims = jwt.decode(
                token,
                self._key(_header(token.partition(".")[0])),
                algorithms=[ALGORITHM],
                audience=self.audience,
                issuer=self.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": REQUIRED_CLAIMS, "strict_aud": True},
            )
            return _claims(claims)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise InvalidToken() from error

    def _key(self, header: Mapping[str, Any]) -> bytes:
        """Look the key named by `kid` up in our own map and nowhere else. `jku`, `jwk`, `crit` are refused."""
        key_id = header.get("kid")
        if header.get("alg") != ALGORITHM or header.get("typ") != TYPE or set(header) != HEADER_FIELDS:
            raise InvalidToken()
        if not isinstance(key_id, str) or len(key_id) > MAX_KEY_ID_LENGTH or key_id not in self.keys:
            raise InvalidToken()
        return self.keys[key_id]


@functools.lru_cache(maxsize=64)
def _header(segment: str) -> Mapping[str, Any]:
    """The header of a token, parsed once for all tokens with the same one; PyJWT parses it again, and verifies."""
    header = json.loads(base64url_decode(segment))
    if not isinstance(header, dict):
        raise TypeError
    return MappingProxyType(header)


def _claims(claims: dict[str, Any]) -> Claims:
    """Check types (RFC 7519 §2): PyJWT takes a quoted number for a time, and anything for our own `sid`."""
    if any(type(claims[name]) is not int for name in ("exp", "iat", "nbf")):
        raise InvalidToken()
    if any(type(claims[name]) is not str for name in ("sub", "sid", "jti")):
        raise InvalidToken()
    counter = claims.get("ctr", 0)
    if type(counter) is not int:
        raise InvalidToken()
    return Claims(UUID(claims["sub"]), UUID(claims["sid"]), claims["exp"], counter)
