"""Who a request speaks for."""

import time
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import msgspec
from django.conf import settings

from accounts.errors import ReauthRequired


class Principal(msgspec.Struct, frozen=True):
    """The signed-in person, as far as every request needs to know them; `session_id` is their session's or API key's.

    Fits in the cache.
    """

    user_id: UUID
    session_id: UUID
    email: str
    name: str
    is_staff: bool
    time_zone: str
    base_currency: str
    expires_at: float  # POSIX seconds; the session's nearest end
    authenticated_at: float  # POSIX seconds; when they last proved who they are
    mfa: bool  # whether a second factor was part of that proof
    scopes: frozenset[str] | None = None  # what an API key may do; a session may do everything
    leaving_at: float | None = None  # POSIX seconds; when the account will be deleted
    cookie: int = 0  # the number that the session's cookie carries; one with an older number opens nothing

    is_authenticated: ClassVar[bool] = True

    @property
    def leaving(self) -> datetime | None:
        """When the account will be deleted, if its person has asked for that."""
        return None if self.leaving_at is None else datetime.fromtimestamp(self.leaving_at, UTC)

    @property
    def needs_mfa(self) -> bool:
        """Staff do nothing before they have shown a second factor, and set one up if they have none."""
        return self.is_staff and not self.mfa

    def require_fresh(self) -> None:
        """For sensitive changes. Raises ReauthRequired when the last proof is too long ago (ASVS 7.5.1)."""
        if time.time() - self.authenticated_at > settings.REAUTH_SECONDS:
            raise ReauthRequired

    def require_fresh_factor(self) -> None:
        """For a change that asks for the password itself: whoever has a second factor has proved that lately, too."""
        if self.mfa:
            self.require_fresh()
