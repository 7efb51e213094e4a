"""The application's JWT (RFC 7519, RS256), new for each request and good for five minutes."""

import functools
from datetime import datetime

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from providers.wire.placing import Secrets, Signature, Unsigned

APPLICATION, KEY = "application_id", "private_key"
LIFE = 300


def signed(request: Unsigned, secrets: Secrets, now: datetime) -> Signature:
    """The header that authorises a request. Raises KeyError, ValueError."""
    issued = int(now.timestamp())
    claims = {
        "iss": "enablebanking.com",
        "aud": "api.enablebanking.com",
        "iat": issued,
        "exp": issued + LIFE,
    }
    token = jwt.encode(claims, _key(secrets[KEY]), algorithm="RS256", headers={"kid": secrets[APPLICATION]})
    return Signature(header={"Authorization": f"Bearer {token}"})


@functools.lru_cache(maxsize=4)
def _key(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("not an RSA key")
    return key
