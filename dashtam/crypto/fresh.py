"""New secrets of an installation, made with nothing but Python, on machines where nothing else is installed yet."""

import base64
import secrets

KEY_BYTES = 32
KNOWN_DEFAULTS = (
    *("change", "insecure", "example", "default", "secret-key", "placeholder"),
    *("client-secret", "client_secret", "xxxxxxxx"),
)
# Shorter ones count at the beginning only: one random key in a few thousand has one of them somewhere inside.
DEFAULTS_BEGIN = ("your-", "your_", "xxxx", "todo", "dummy", "<")


def generated() -> dict[str, str]:
    """A fresh value for every secret that Dashtam needs."""
    return {
        "SECRET_KEY": random_secret(64),
        "JWT_KEYS": f"{secrets.token_hex(4)}:{_random_key()}",
        "ENCRYPTION_KEYS": f"{secrets.token_hex(4)}:{_random_key()}",
        "SANDBOX_CLIENT_SECRET": random_secret(32),
    }


def random_secret(size: int) -> str:
    """`size` random bytes as characters that need no quotes anywhere, and would not pass for a placeholder."""
    while is_placeholder(value := secrets.token_urlsafe(size)):
        pass
    return value


def is_placeholder(value: str) -> bool:
    """Return True for what examples show in place of a secret."""
    lower = value.lower()
    return lower.startswith(DEFAULTS_BEGIN) or any(word in lower for word in KNOWN_DEFAULTS)


def _random_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()
