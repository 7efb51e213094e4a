"""Origins from the environment, checked before anything starts."""

import re

from django.core.exceptions import ImproperlyConfigured


def exact(name: str, value: str) -> str:
    """One origin (RFC 6454): scheme, host and perhaps a port, no pattern. Raises ImproperlyConfigured."""
    if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", value):
        raise ImproperlyConfigured(
            f"{name} holds {value!r}, which is no origin such as https://app.example.org."
        )
    return value
