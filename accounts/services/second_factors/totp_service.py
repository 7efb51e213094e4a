"""TOTP (RFC 6238): codes from a shared secret and the time, and the setup of an authenticator app."""

import base64
import secrets
import time

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

SECRET_BYTES = 20  # RFC 4226 §4 R6
STEP_SECONDS = 30
DIGITS = 6
SKEW = 1  # steps that a clock may be off, either way


class TotpService:
    """Makes secrets and checks codes: SHA-1, six digits, 30 seconds, as all apps do. Microseconds a call."""

    def __init__(self, *, issuer: str) -> None:
        self.issuer = issuer

    def create_secret(self) -> bytes:
        """A new secret."""
        return secrets.token_bytes(SECRET_BYTES)

    def step_of(self, code: str, *, secret: bytes) -> int | None:
        """The time step that the code belongs to, None unless it is within SKEW steps of now."""
        if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
            return None
        now = int(time.time()) // STEP_SECONDS
        steps = range(now - SKEW, now + SKEW + 1)
        app = self._app(secret)
        # All are compared, so that the time it takes does not tell which one it was.
        right = [constant_time.bytes_eq(app.generate(s * STEP_SECONDS), code.encode()) for s in steps]
        return max((s for s, matches in zip(steps, right, strict=True) if matches), default=None)

    def uri(self, *, secret: bytes, account: str) -> str:
        """The otpauth:// URI that authenticator apps read from a QR code."""
        return self._app(secret).get_provisioning_uri(account, self.issuer)

    def spell(self, secret: bytes) -> str:
        """The secret in base32, as it is typed into an app."""
        return base64.b32encode(secret).decode().rstrip("=")

    def _app(self, secret: bytes) -> TOTP:
        return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 HMAC-SHA-1, as RFC 6238 has it
