"""Signing up, tokens, ending sessions, passwords: whatever becomes of an account besides signing in."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts.errors import InvalidGrant, LinkNotValid
from accounts.models import OneTimeLink, Session, User
from accounts.principal import Principal
from accounts.services.jwt_service import JWTService
from accounts.services.password_service import PasswordService
from accounts.services.session_service import SessionService
from accounts.services.throttle_service import ThrottleService
from dashtam.bridge.doors import run_db
from dashtam.bridge.hashing import place_to_hash
from dashtam.crypto import sealed_tokens
from dashtam.errors import Conflict, FieldError, NotFound, Unauthorized, ValidationFailed


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The answer of the token endpoint (RFC 6749 §5.1). Lifetimes in seconds."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    token_type: str = "Bearer"  # noqa: S105


class AuthService:
    """People and their sessions. The throttle is asked before anything is hashed or mailed.

    Every hash has a place on the hashing pool, every transaction goes through run_db.
    """

    def __init__(
        self,
        *,
        throttle: ThrottleService,
        passwords: PasswordService,
        jwts: JWTService,
        sessions: SessionService,
    ) -> None:
        self.throttle = throttle
        self.passwords = passwords
        self.jwts = jwts
        self.sessions = sessions

    # --- signing up -----------------------------------------------------------------------------------
    async def register_user(self, *, email: str, password: str, name: str, time_zone: str = "UTC") -> None:
        """Sign somebody up. Known addresses get the same answer after the same work, and a mail.

        Raises ValidationFailed for a weak password, and TooManyRequests.
        """
        self._refuse_weak(password, email=email, name=name)
        with place_to_hash(stranger=True) as place:
            await self.throttle.sign_up(email=email)
            password_hash = await place.run(self.passwords.hash_password, password)
        known = {"email": email, "name": name, "time_zone": time_zone}
        await run_db(User.objects.register, password_hash=password_hash, **known)

    async def resend_verification(self, *, email: str) -> None:
        """Mail a new link to an address that is not confirmed yet. Raises TooManyRequests."""
        await self._mail_link(email, OneTimeLink.Purpose.VERIFY_EMAIL)

    async def _mail_link(self, email: str, purpose: OneTimeLink.Purpose) -> None:
        if await self.throttle.mail(email=email, purpose=purpose):
            await run_db(User.objects.mail_link, email=email, purpose=purpose)

    async def verify_email(self, *, token: str) -> None:
        """Confirm an address. Raises LinkNotValid."""
        link_id = await self._link_id(token, OneTimeLink.Purpose.VERIFY_EMAIL)
        if not await run_db(User.objects.verify_email, link_id=link_id):
            raise LinkNotValid()

    # --- tokens ---------------------------------------------------------------------------------------
    async def create_token_pair(self, session: Session) -> TokenPair:
        """The tokens of a session as it stands."""
        access = self.jwts.create_access_token(user_id=session.user_id, session_id=session.id)
        ends = min(session.expires_at, session.idle_expires_at)
        remaining = int((ends - timezone.now()).total_seconds())
        return TokenPair(access.token, access.expires_in, await self.create_refresh_token(session), remaining)

    async def create_refresh_token(self, session: Session) -> str:
        """The session's current refresh token. Derived, never stored."""
        return sealed_tokens.seal("refresh", session.id, counter=session.counter)

    async def refresh(self, *, refresh_token: str, ip: str | None) -> TokenPair:
        """Exchange a refresh token for its successor (RFC 6749 §6). Raises InvalidGrant, TooManyRequests.

        One that was exchanged before, other than moments ago, ends the whole session, and its person is told.
        """
        sealed = sealed_tokens.unseal("refresh", refresh_token)
        if sealed is None:
            await self.throttle.forged()
            raise InvalidGrant()
        await self.throttle.refresh(session_id=sealed.id)
        session = await run_db(Session.objects.refreshed, id=sealed.id, counter=sealed.counter)
        if session is None:
            await self.sessions.end(Session.objects.end_reused, id=sealed.id, counter=sealed.counter, ip=ip)
            raise InvalidGrant()
        return await self.create_token_pair(session)

    async def principal_of_session(self, session_id: UUID) -> Principal | None:
        """Who a session speaks for, None once it has ended."""
        return await self.sessions.principal(session_id)

    # --- ending sessions ------------------------------------------------------------------------------
    async def log_out(self, *, session_id: UUID) -> None:
        """End one's own session; its access and refresh tokens stop working at once."""
        await self.sessions.end(Session.objects.end, id=session_id, reason="signed_out")

    async def revoke(self, *, refresh_token: str) -> None:
        """End the session of a refresh token; an unknown token is no error (RFC 7009 §2.2)."""
        sealed = sealed_tokens.unseal("refresh", refresh_token)
        if sealed is not None:
            await self.sessions.end(Session.objects.end, id=sealed.id, reason="signed_out")

    async def end_session(self, *, user_id: UUID, session_id: UUID) -> None:
        """End one of a person's sessions. Raises NotFound."""
        which = {"user_id": user_id, "id": session_id}
        if not await self.sessions.end(Session.objects.end, **which, reason="ended_by_user"):
            raise NotFound()

    async def end_other_sessions(self, *, user_id: UUID, session_id: UUID) -> int:
        """End all of a person's sessions but this one; returns how many."""
        ended = await self.sessions.end(
            Session.objects.end, ~Q(id=session_id), user_id=user_id, reason="ended_by_user"
        )
        return len(ended or ())

    # --- passwords and profile ------------------------------------------------------------------------
    async def request_password_reset(self, *, email: str) -> None:
        """Mail a link to set a new password, if the address is known. Same answer and work if not.

        Raises TooManyRequests.
        """
        await self._mail_link(email, OneTimeLink.Purpose.RESET_PASSWORD)

    async def reset_password(self, *, token: str, password: str, ip: str | None) -> str:
        """Set a new password by mailed link, end all sessions, sign nobody in. Returns the address.

        Raises LinkNotValid, and ValidationFailed for a weak password, which leaves the link usable.
        """
        link_id = await self._link_id(token, OneTimeLink.Purpose.RESET_PASSWORD)
        link = await run_db(OneTimeLink.objects.open, id=link_id, purpose=OneTimeLink.Purpose.RESET_PASSWORD)
        if link is None:
            raise LinkNotValid()
        self._refuse_weak(password, email=link.user.email, name=link.user.name)
        with place_to_hash(stranger=False) as place:
            await self.throttle.reset(link_id=link_id)
            password_hash = await place.run(self.passwords.hash_password, password)
        change = {"link_id": link_id, "password_hash": password_hash, "ip": ip}
        if await self.sessions.end(User.objects.reset_password, **change) is None:
            raise LinkNotValid()
        return link.user.email

    async def change_password(
        self, *, user_id: UUID, session_id: UUID, current_password: str, new_password: str, ip: str | None
    ) -> Session:
        """Replace one's password and end all other sessions; returns the one that goes on, with a new cookie.

        Raises ValidationFailed naming the field, and Conflict.
        """
        user = await User.objects.aget(id=user_id)
        self._refuse_weak(new_password, email=user.email, name=user.name, field="new_password")
        with place_to_hash(stranger=False) as place:
            attempt = await self.throttle.proof(session_id=session_id, user_id=user_id)
            matched = await place.run(self.passwords.verify_password, current_password, user.password)
            if not matched or attempt.locked:
                detail = (
                    "This is not your current password. Try again, or sign out and set a new one by mail."
                )
                raise ValidationFailed(errors=[FieldError("current_password", "wrong_password", detail)])
            await self.throttle.succeeded(attempt)
            password_hash = await place.run(self.passwords.hash_password, new_password)
        change = {"user": user, "password_hash": password_hash, "keep_session": session_id, "ip": ip}
        if await self.sessions.end(User.objects.change_password, **change) is None:
            raise Conflict("Your password was changed elsewhere just now. Sign in again.")
        await self.sessions.forget([session_id])
        session = await run_db(Session.objects.seen, id=session_id)
        if session is None:
            raise Unauthorized
        return session

    async def update_profile(self, *, user_id: UUID, **fields: str) -> None:
        """Change name, time_zone or base_currency, already validated."""
        session_ids = await run_db(User.objects.update_profile, user_id=user_id, fields=fields)
        await self.sessions.forget(session_ids)

    def _refuse_weak(self, password: str, *, email: str, name: str, field: str = "password") -> None:
        wrong = self.passwords.validate_password_strength(password, email=email, name=name, field=field)
        if wrong:
            raise ValidationFailed(errors=wrong)

    async def _link_id(self, token: str, purpose: OneTimeLink.Purpose) -> UUID:
        sealed = sealed_tokens.unseal(purpose, token)
        if sealed is None:
            await self.throttle.forged()
            raise LinkNotValid()
        return sealed.id
