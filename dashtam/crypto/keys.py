"""Secrets from the environment: read, and checked before anything starts."""

import contextlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from dashtam.crypto import fresh
from dashtam.crypto.base64url import from_base64url
from dashtam.crypto.fresh import KEY_BYTES, is_placeholder
from dashtam.telemetry.folders import make_private

SECRET_KEY_LENGTH = 50
generated = fresh.generated


def secret(name: str, value: str) -> str:
    """`value`, unless it is missing, short, or looks like a placeholder."""
    if not value:
        raise ImproperlyConfigured(
            f"{name} is missing. Set it to {SECRET_KEY_LENGTH} or more random characters."
        )
    if len(value) < SECRET_KEY_LENGTH or len(set(value)) < 10:
        raise ImproperlyConfigured(
            f"{name} is too short or too simple. Set it to {SECRET_KEY_LENGTH} or more random characters."
        )
    return no_placeholder(name, value)


def no_placeholder(name: str, value: str) -> str:
    """`value`, unless it is what an example shows; for secrets that another party makes. Empty is fine."""
    if is_placeholder(value):
        raise ImproperlyConfigured(f"{name} still is a default value. Set it to a value of your own.")
    return value


def key_ring(name: str, value: str) -> dict[str, bytes]:
    """Keys by id from `id:base64,id:base64`. The first is used to write, all are used to read."""
    if not value:
        raise ImproperlyConfigured(
            f"{name} is missing. Set it to one or more `id:base64 of 32 bytes`, comma separated."
        )
    ring: dict[str, bytes] = {}
    for position, entry in enumerate(value.split(","), start=1):
        key_id, colon, encoded = entry.strip().partition(":")
        key = _decoded(encoded)
        if not colon or not key_id.isascii() or not key_id.isalnum() or len(key_id) > 16 or key_id in ring:
            # Never repeat the entry: without its colon, what looks like the id is the key.
            raise ImproperlyConfigured(
                f"{name}: entry {position} needs an id of its own, 1 to 16 letters and digits, before a colon."
            )
        if len(key) != KEY_BYTES:
            raise ImproperlyConfigured(f"{name}: the key {key_id!r} is not {KEY_BYTES} bytes of base64.")
        if len(set(key)) < 8:
            raise ImproperlyConfigured(f"{name}: the key {key_id!r} is not random. Generate a new one.")
        ring[key_id] = key
    return ring


def private_key(name: str, file: str) -> str:
    """The text of a file with a private key (PEM); empty for an empty name."""
    if not file:
        return ""
    try:
        text = Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}: the file cannot be read ({type(error).__name__}).") from None
    if "PRIVATE KEY-----" not in text:
        raise ImproperlyConfigured(f"{name}: the file holds no private key. Give it one in PEM form.")
    return text


def no_key_twice(secret_key: str, **rings: dict[str, bytes]) -> None:
    """Raise ImproperlyConfigured for a key that serves two purposes: a leak of one would be a leak of both."""
    seen = {secret_key.encode(): "SECRET_KEY", _decoded(secret_key): "SECRET_KEY"}
    for name, ring in rings.items():
        for key_id, key in ring.items():
            where = f"{name} {key_id!r}"
            if key in seen:
                raise ImproperlyConfigured(
                    f"{where} is the same key as {seen[key]}. Each needs one of its own."
                )
            seen[key] = where


def fingerprint(name: str, key: bytes) -> bytes:
    """Tells keys apart without giving them away; 128 bits of a keyed hash."""
    return hmac.digest(key, f"dashtam fingerprint of {name}".encode(), "sha256")[:16]


def _decoded(encoded: str) -> bytes:
    try:
        return from_base64url(encoded)
    except ValueError:
        return b""


def write_if_absent(path: Path) -> None:
    """Generate the secrets of a private installation once; later starts find the same ones."""
    with contextlib.suppress(FileExistsError):
        write(path, generated())


def write(path: Path, secrets: Mapping[str, str]) -> None:
    """Write secrets into a new file, for its owner alone. Raises FileExistsError: none is ever written over."""
    make_private(path.parent)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in secrets.items())
