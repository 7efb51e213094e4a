"""Encryption at rest: AES-256-GCM envelopes that name their key and are bound to their row."""

import os
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dashtam.errors import DecryptionFailed

VERSION = 1
NONCE_BYTES = 12
TAG_BYTES = 16


class Envelope(NamedTuple):
    """version ‖ length of key id ‖ key id ‖ nonce ‖ ciphertext with tag. The header is everything before the nonce."""

    header: bytes
    key_id: str
    nonce: bytes
    ciphertext: bytes


class EncryptionService:
    """The first key encrypts, all decrypt. About 10 µs a call: a thread would cost more than it saves.

    `row` is where the value lives, as "table/primary key/column". It is authenticated with the header (ASVS
    11.3.3), so an envelope that was copied to another row, column or person does not open.
    """

    def __init__(self, *, keys: dict[str, bytes]) -> None:
        self.keys = keys

    @property
    def key_id(self) -> str:
        """The key that new envelopes get."""
        return next(iter(self.keys))

    @property
    def header(self) -> bytes:
        """The header of new envelopes."""
        return bytes((VERSION, len(self.key_id))) + self.key_id.encode()

    def encrypt(self, plaintext: bytes, *, row: str) -> bytes:
        """An envelope; the same plaintext never gives the same one twice."""
        header, nonce = self.header, os.urandom(NONCE_BYTES)
        return (
            header + nonce + AESGCM(self.keys[self.key_id]).encrypt(nonce, plaintext, header + row.encode())
        )

    def decrypt(self, envelope: bytes, *, row: str) -> bytes:
        """Raises DecryptionFailed. Only the key that the envelope names is tried."""
        parsed = _parsed(envelope)
        key = self.keys.get(parsed.key_id)
        if key is None:
            detail = "Its encryption key is missing: restore the key, or set up anew what it protected."
            raise DecryptionFailed(detail, code="key_unknown")
        try:
            return AESGCM(key).decrypt(parsed.nonce, parsed.ciphertext, parsed.header + row.encode())
        except InvalidTag as error:
            raise DecryptionFailed from error

    def key_id_of(self, envelope: bytes) -> str:
        """The id of the key it was sealed with, known here or not. Raises DecryptionFailed."""
        return _parsed(envelope).key_id


def _parsed(envelope: bytes) -> Envelope:
    if len(envelope) < 2 or envelope[0] != VERSION:
        raise DecryptionFailed
    start = 2 + envelope[1]
    header, nonce, ciphertext = (
        envelope[:start],
        envelope[start : start + NONCE_BYTES],
        envelope[start + NONCE_BYTES :],
    )
    if len(ciphertext) < TAG_BYTES or not header[2:].isascii():
        raise DecryptionFailed
    return Envelope(header, header[2:].decode("ascii"), nonce, ciphertext)
