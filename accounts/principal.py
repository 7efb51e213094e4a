"""The principal of a request: the person that it speaks for, and what it may do."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import msgspec
from django.conf import settings

from accounts.errors import ReauthRequired

if TYPE_CHECKING:
    from accounts.models import ApiKey, Session, User


class Principal(msgspec.Struct, frozen=True):
    """A person, as far as every request needs to know them, small enough for the cache.

    `session_id` is the id of their session or API key.
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
    factor_missing: bool = False  # an API key of a member of the staff who has no second factor
    cookie: int = 0  # the number that the session's cookie carries; one with an older number opens nothing
    mail_stopped: str = ""  # `bounce` or `complaint`: why no mail goes to their address
    heard: int = 0  # the number of the newest refresh token whose access token was used

    is_authenticated: ClassVar[bool] = True

    @classmethod
    def of_session(cls, session: "Session") -> "Principal":
        """The principal of a live session."""
        leaving = session.user.deletion_due_at
        return _of(
            session.user,
            session_id=session.id,
            is_staff=session.user.is_staff,
            expires_at=min(session.expires_at, session.idle_expires_at).timestamp(),
            authenticated_at=session.authenticated_at.timestamp(),
            mfa=session.mfa,
            leaving_at=leaving.timestamp() if leaving else None,
            cookie=session.counter if session.kind == session.Kind.BROWSER else 0,
            heard=session.heard,
            mail_stopped=getattr(session, "mail_stopped", None) or "",
        )

    @classmethod
    def of_api_key(cls, key: "ApiKey", *, factor_missing: bool) -> "Principal":
        """The principal of a live API key: never staff, never freshly proven, and held to its scopes."""
        return _of(
            key.user,
            session_id=key.id,
            is_staff=False,
            expires_at=key.expires_at.timestamp(),
            authenticated_at=0,
            mfa=False,
            scopes=frozenset(key.scopes),
            factor_missing=factor_missing,
        )

    @property
    def leaving(self) -> datetime | None:
        """When the account will be deleted, if its person has asked for that."""
        return None if self.leaving_at is None else datetime.fromtimestamp(self.leaving_at, UTC)

    @property
    def needs_mfa(self) -> bool:
        """A member of the staff has yet to show a second factor, or to set one up."""
        return self.factor_missing or (self.is_staff and not self.mfa)

    def require_fresh(self) -> None:
        """Raises ReauthRequired when the last proof of identity is older than REAUTH_SECONDS (ASVS 7.5.1)."""
        if time.time() - self.authenticated_at > settings.REAUTH_SECONDS:
            raise ReauthRequired

    def require_fresh_factor(self) -> None:
        """Raises ReauthRequired when the last proof of a second factor, if there was one, is too old.

        For a change that asks for the password itself.
        """
        if self.mfa:
            self.require_fresh()


def _of(user: "User", **credential: Any) -> Principal:
    return Principal(
        user_id=user.id,
        email=user.email,
        name=user.name,
        time_zone=user.time_zone,
        base_currency=user.base_currency,
        **credential,
    )
