"""Unpadded base64url (RFC 4648 §5 as RFC 7515 §2 uses it): keys, tokens, cursors, challenges."""

import base64


def base64url(data: bytes) -> str:
    """The bytes as URL-safe text without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """The bytes of such text, with or without padding. Raises ValueError for anything else."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
