"""JWS signatures with our private keys, for institutions that want more than a shared secret."""

import functools
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import get_default_algorithms

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def sign(pem: str, claims: dict[str, Any], *, type: str = "JWT", **header: Any) -> str:
    """A JWS in the algorithm that fits the key: ES256, EdDSA or PS256 (the three that FAPI 2.0 allows)."""
    key, algorithm = _key(pem)
    return jwt.encode(claims, key, algorithm=algorithm, headers={"typ": type, **header})


@functools.lru_cache(maxsize=32)
def public_jwk(pem: str) -> dict[str, str]:
    """The public half (RFC 7517)."""
    key, algorithm = _key(pem)
    jwk: dict[str, str] = json.loads(get_default_algorithms()[algorithm].to_jwk(key.public_key()))
    return {name: value for name, value in jwk.items() if name in {"kty", "crv", "x", "y", "n", "e"}}


@functools.lru_cache(maxsize=32)
def _key(pem: str) -> tuple[PrivateKey, str]:
    key = load_pem_private_key(pem.encode(), password=None)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key, "ES256"
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key, "EdDSA"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return key, "PS256"
    raise ValueError("not a P-256, Ed25519 or 2048-bit RSA key")
