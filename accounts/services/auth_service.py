"""Accounts and their sessions: signing up and in, tokens, signing out."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts.devices import Device
from accounts.errors import InvalidCredentials, InvalidGrant, LinkNotValid, StepExpired
from accounts.models import AuditEvent, OneTimeLink, Session, User
from accounts.models.user import Verified, normalise_email
from accounts.principal import Principal
from accounts.services.jwt_service import JWTService
from accounts.services.mailed_link_service import MailedLinkService
from accounts.services.password_service import PasswordService
from accounts.services.second_factors.password_step import PasswordStep
from accounts.services.second_factors.second_factor_service import SecondFactorService
from accounts.services.sessions.session_service import SessionService
from accounts.services.throttle_service import Attempt, ThrottleService
from dashtam.bridge.doors import keep_running, run_db
from dashtam.bridge.hashing import HashingPlace, place_to_hash
from dashtam.crypto import sealed_tokens
from dashtam.errors import FieldError, NotFound, ValidationFailed
from dashtam.telemetry import metrics


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The answer of the token endpoint (RFC 6749 §5.1). Lifetimes in seconds."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    token_type: str = "Bearer"  # noqa: S105


class AuthService:
    """Opens, refreshes and ends sessions. The throttle is asked before anything is hashed, compared or mailed.

    Every hash has a place on the hashing pool, every transaction goes through run_db.
    """

    def __init__(
        self,
        *,
        throttle: ThrottleService,
        passwords: PasswordService,
        second_factors: SecondFactorService,
        jwts: JWTService,
        sessions: SessionService,
        links: MailedLinkService,
    ) -> None:
        self.throttle = throttle
        self.passwords = passwords
        self.second_factors = second_factors
        self.jwts = jwts
        self.sessions = sessions
        self.links = links

    # --- signing up -----------------------------------------------------------------------------------
    async def register_user(
        self, *, email: str, password: str, name: str, time_zone: str = "UTC", browser_key: str = ""
    ) -> None:
        """Sign a person up. A known email address gets the same answer after the same work, and a mail.

        `browser_key` is the random value of the browser that the mailed link may sign in; empty for a program.
        Raises SignUpClosed and InvitationNeeded, ValidationFailed for a weak password, and TooManyRequests.
        """
        await run_db(User.objects.require_open_door)
        self.passwords.require_strength(password, email=email, name=name)
        with place_to_hash(stranger=True) as place:
            await self.throttle.sign_up(email=email)
            password_hash = await place.run(self.passwords.hash_password, password)
        known = {"email": email, "name": name, "time_zone": time_zone, "browser_key": browser_key}
        await run_db(User.objects.register, password_hash=password_hash, **known)

    async def resend_verification(self, *, email: str) -> None:
        """Mail a new link to an email address that is not confirmed yet. Raises TooManyRequests."""
        await self.links.send(email=email, purpose=OneTimeLink.Purpose.VERIFY_EMAIL)

    async def verify_email(
        self, *, token: str, password: str | None = None, browser_key: str = ""
    ) -> Verified:
        """Confirm an email address; `password` is needed where it was used in several sign-ups.

        Raises LinkNotValid, SignUpClosed, SignUpContested, TooManyRequests, and ValidationFailed for a password of
        another sign-up.
        """
        link = await self.links.read(token, OneTimeLink.Purpose.VERIFY_EMAIL)
        if password is not None:
            await self._require_chosen(link.id, password)
        proved = password is not None
        which: dict[str, Any] = {"link_id": link.id, "proved": proved, "browser_key": browser_key}
        verified = await run_db(User.objects.verify_email, **which)
        if verified is None:
            raise LinkNotValid()
        return verified

    async def _require_chosen(self, link_id: UUID, password: str) -> None:
        """Check the password against that of the link's own sign-up. Raises ValidationFailed, LinkNotValid."""
        link = await run_db(OneTimeLink.objects.open, id=link_id, purpose=OneTimeLink.Purpose.VERIFY_EMAIL)
        if link is None:
            raise LinkNotValid()
        chosen = (link.sign_up or link.user).password
        with place_to_hash(stranger=True) as place:
            await self.throttle.by_link(link_id=link_id)
            if not await place.run(self.passwords.verify_password, password, chosen):
                detail = "This link goes with another password. Use the link in the other mail, or set a new password."
                raise ValidationFailed(errors=[FieldError("password", "wrong_password", detail)])

    async def get_user_by_email(self, *, email: str) -> User | None:
        """The person with this email address, in any spelling of its case."""
        return await User.objects.filter(email=normalise_email(email)).afirst()

    # --- signing in -----------------------------------------------------------------------------------
    @metrics.signing_in
    async def log_in(self, *, email: str, password: str, device: Device, otp: str | None = None) -> Session:
        """Open a session. Raises InvalidCredentials, whatever is wrong, after the same work.

        Raises TooManyRequests before it, and ServiceBusy; OtpRequired and OtpInvalid after a right password only.
        """
        user, attempt = await self._prove(email=email, password=password, device=device)
        if attempt.enrolled:
            await self.throttle.succeeded(attempt)
            return await self._log_in_enrolled(user, otp, device=device)
        async with self.throttle.proved(attempt):
            session = await self.open_session(user, factor="", device=device, attempt=attempt)
        await self.throttle.settle(attempt)
        return session

    async def log_in_verified(self, verified: Verified, *, device: Device) -> Session:
        """Open a session in the browser that used a mailed link of its own sign-up, or has a linked identity.

        Raises InvalidCredentials for any other browser, OtpRequired, TooManyRequests.
        """
        if not verified.signed_up_here or not verified.user.may_sign_in:
            raise InvalidCredentials()
        return await self._log_in_enrolled(verified.user, None, device=device)

    async def log_in_second(self, *, step: PasswordStep, otp: str, device: Device) -> Session:
        """Open a session after a right password moments ago. Raises StepExpired, OtpInvalid, TooManyRequests."""
        return await self._log_in_enrolled(await self.user_of(step), otp, device=device)

    async def _log_in_enrolled(self, user: User, otp: str | None, *, device: Device) -> Session:
        factor = await self.second_factors.check(user, otp)
        return await self.open_session(user, factor=factor, device=device)

    async def user_of(self, step: PasswordStep) -> User:
        """The person whose password was right moments ago. Raises StepExpired when it has changed meanwhile."""
        user = await User.objects.filter(id=step.user_id, is_active=True).afirst()
        if user is None or step != PasswordStep.of(user):
            raise StepExpired
        return user

    async def open_session(
        self, user: User, *, factor: str, device: Device, attempt: Attempt | None = None
    ) -> Session:
        """Open a session for `user`, who has proved who they are; `factor` is the second one, if any.

        Failures in a row before `attempt` are forgotten. Raises InvalidCredentials, TooManyRequests.
        """
        await self.throttle.session(user_id=user.id)
        session = await run_db(
            User.objects.open_session,
            user=user,
            factor=factor,
            device=device,
            familiar=attempt is not None and attempt.familiar,
            proved=attempt.subjects if attempt is not None else (),
        )
        if session is None:
            raise InvalidCredentials()
        session.user = user
        return session

    async def _prove(self, *, email: str, password: str, device: Device) -> tuple[User, Attempt]:
        with place_to_hash(stranger=not device.known) as place:
            attempt = await self.throttle.sign_in(email=email, device=device)
            user = await self._match(place, attempt, password)
            if self.passwords.needs_rehash(user.password):
                await self._rehash(place, user, password)
        return user, attempt

    async def _match(self, place: HashingPlace, attempt: Attempt, password: str) -> User:
        user = attempt.user
        matched = await place.run(self.passwords.verify_password, password, user.password if user else None)
        if user is None or not matched or not user.may_sign_in or attempt.locked:
            reason = "wrong_password" if not matched else "locked" if attempt.locked else "not_allowed"
            if user is not None:  # not awaited: for an unknown email address nothing is written either
                record = AuditEvent.objects.record_a_few
                keep_running(run_db(record, "sign_in.refused", user_id=user.id, reason=reason))
            raise InvalidCredentials()
        return user

    async def _rehash(self, place: HashingPlace, user: User, password: str) -> None:
        """Store the hash at today's cost, unless the password was changed meanwhile."""
        password_hash = await place.run(self.passwords.hash_password, password)
        if await User.objects.filter(id=user.id, password=user.password).aupdate(password=password_hash):
            user.password = password_hash

    # --- tokens ---------------------------------------------------------------------------------------
    async def create_token_pair(self, session: Session) -> TokenPair:
        """The tokens of a session as it stands."""
        access = self.jwts.create_access_token(
            user_id=session.user_id, session_id=session.id, counter=session.counter
        )
        ends = min(session.expires_at, session.idle_expires_at)
        remaining = int((ends - timezone.now()).total_seconds())
        return TokenPair(access.token, access.expires_in, await self.create_refresh_token(session), remaining)

    async def create_refresh_token(self, session: Session) -> str:
        """The session's current refresh token. Derived, never stored."""
        return sealed_tokens.seal("refresh", session.id, counter=session.counter)

    async def refresh(self, *, refresh_token: str, ip: str | None) -> TokenPair:
        """Exchange a refresh token for its successor (RFC 6749 §6). Raises InvalidGrant, TooManyRequests.

        One that was exchanged before ends the whole session, and its person is told; except moments ago, or while
        nobody has used its successor.
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
        """The principal of a session, None once it has ended."""
        return await self.sessions.principal(session_id)

    # --- signing out ----------------------------------------------------------------------------------
    async def log_out(self, *, session_id: UUID) -> None:
        """End a session from within; its access and refresh tokens stop working at once."""
        await self.sessions.end(Session.objects.end, id=session_id, reason="signed_out")

    async def revoke(self, *, refresh_token: str) -> None:
        """End the session of a refresh token; an unknown token is no error (RFC 7009 §2.2).

        Raises TooManyRequests.
        """
        sealed = sealed_tokens.unseal("refresh", refresh_token)
        if sealed is not None:
            await self.throttle.refresh(session_id=sealed.id)
            await self.sessions.end(Session.objects.end, id=sealed.id, reason="signed_out")
        else:
            await self.throttle.forged()

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

    # --- profile --------------------------------------------------------------------------------------
    async def update_profile(self, *, user_id: UUID, **fields: str) -> None:
        """Change name, time_zone or base_currency, already validated."""
        session_ids = await run_db(User.objects.update_profile, user_id=user_id, fields=fields)
        await self.sessions.forget(session_ids)
