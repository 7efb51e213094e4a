"""A passkey in software, which does what a phone or a security key does."""

import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url, encode_cbor

ORIGIN, HOST = "http://localhost:8000", "localhost"
PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


class SoftwarePasskey:
    """One key. Its counter goes up with each use, unless it is told not to count."""

    def __init__(self, *, counts: bool = True, origin: str = ORIGIN, host: str = HOST) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.origin, self.host = origin, host
        self.counts, self.counter, self.flags = counts, 0, PRESENT | VERIFIED

    def create(self, options: dict[str, Any]) -> str:
        """The browser's answer to registration options."""
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        public = encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        held = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        data = self._data(WITH_KEY) + held
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", options)
        return self._spell(clientDataJSON=client_data, attestationObject=attestation)

    def get(self, options: dict[str, Any]) -> str:
        """The browser's answer to authentication options."""
        self.counter += self.counts
        data, client_data = self._data(), self._client_data("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return self._spell(clientDataJSON=client_data, authenticatorData=data, signature=signature)

    def _data(self, more: int = 0) -> bytes:
        host = hashlib.sha256(self.host.encode()).digest()
        return host + bytes((self.flags | more,)) + self.counter.to_bytes(4, "big")

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(said).encode()

    def _spell(self, **response: bytes) -> str:
        spelled = {name: bytes_to_base64url(value) for name, value in response.items()}
        own = bytes_to_base64url(self.id)
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": spelled})
