"""Opaque tokens that no copy of the database can forge.

A token is a row's id and a counter, sealed with a key that lives in the environment only. The row says
whether it still counts; without the key no genuine token can be made.
"""

import functools
import hashlib
import hmac
import struct
from typing import NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from dashtam.crypto.base64url import base64url, from_base64url

_BODY = struct.Struct(">16sQ")
_MAC_BYTES = 32


class Sealed(NamedTuple):
    """The content of a genuine token."""

    id: UUID
    counter: int


@functools.lru_cache(maxsize=32)
def _key(secret: str, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"dashtam token {purpose}".encode()).derive(secret.encode())


def seal(purpose: str, id: UUID, *, counter: int = 0) -> str:
    """The token for a row: 75 URL-safe characters. The same arguments always give the same token."""
    body = _BODY.pack(id.bytes, counter)
    mac = hmac.digest(_key(settings.SECRET_KEY, purpose), body, hashlib.sha256)
    return base64url(body + mac)


def unseal(purpose: str, token: str) -> Sealed | None:
    """The row and counter a token was made for, or None if we did not make it for this purpose."""
    try:
        raw = from_base64url(token)
    except ValueError:
        return None
    if len(raw) != _BODY.size + _MAC_BYTES:
        return None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(mac, hmac.digest(_key(settings.SECRET_KEY, purpose), body, hashlib.sha256)):
        return None
    id_bytes, counter = _BODY.unpack(body)
    return Sealed(UUID(bytes=id_bytes), counter)


def digest(secret: str) -> bytes:
    """A keyed hash for random secrets that must be looked up, such as an OAuth state."""
    return hmac.digest(_key(settings.SECRET_KEY, "digest"), secret.encode(), hashlib.sha256)
