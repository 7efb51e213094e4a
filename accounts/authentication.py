"""Bearer tokens (RFC 6750) on API requests."""

from typing import Any

from accounts.principal import Principal
from dashtam import errors


class BearerAuthentication:
    """Turns `Authorization: Bearer …` into a Principal."""

    async def authenticate(self, request: Any) -> Principal | None:
        """None without credentials. Raises InvalidToken."""
        raise errors.InvalidToken()
