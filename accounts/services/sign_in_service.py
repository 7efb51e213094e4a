"""Signing in: a password, a second factor if there is one, and then a session."""

from dataclasses import dataclass
from uuid import UUID

from accounts.devices import Device
from accounts.errors import InvalidCredentials, StepExpired
from accounts.models import AuditEvent, Session, User
from accounts.services.password_service import PasswordService
from accounts.services.second_factors.mfa_service import MfaService
from accounts.services.throttle_service import Attempt, ThrottleService
from dashtam.bridge.doors import keep_running, run_db
from dashtam.bridge.hashing import HashingPlace, place_to_hash
from dashtam.crypto import sealed_tokens
from dashtam.telemetry import metrics


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has just been opened, and whose it is."""

    session: Session
    user: User


@dataclass(frozen=True, slots=True)
class Step:
    """That somebody's password was right. `mark` changes with the password, and does not give it away."""

    user_id: UUID
    mark: str

    @classmethod
    def of(cls, user: User) -> "Step":
        """The step that they have taken."""
        return cls(user.id, sealed_tokens.digest(f"password step of {user.id}: {user.password}").hex())


class SignInService:
    """Opens sessions. The throttle is asked before anything is hashed or compared."""

    def __init__(self, *, throttle: ThrottleService, passwords: PasswordService, mfa: MfaService) -> None:
        self.throttle = throttle
        self.passwords = passwords
        self.mfa = mfa

    @metrics.signing_in
    async def log_in(self, *, email: str, password: str, device: Device, otp: str | None = None) -> SignedIn:
        """Open a session. Raises InvalidCredentials, whatever is wrong, after the same work.

        Raises TooManyRequests before it, and ServiceBusy; OtpRequired and OtpInvalid after a right password only.
        """
        user, attempt = await self._prove(email=email, password=password, device=device)
        if attempt.enrolled:
            await self.throttle.succeeded(attempt)
            return await self._log_in_enrolled(user, otp, device=device)
        signed_in = await self.open_session(user, factor="", device=device, attempt=attempt)
        await self.throttle.settle(attempt)
        return signed_in

    async def _log_in_enrolled(self, user: User, otp: str | None, *, device: Device) -> SignedIn:
        factor = await self.mfa.check(user, otp)
        return await self.open_session(user, factor=factor, device=device)

    async def log_in_second(self, *, step: Step, otp: str, device: Device) -> SignedIn:
        """Open the session of somebody whose password was right moments ago. Raises StepExpired, OtpInvalid."""
        return await self._log_in_enrolled(await self.user_of(step), otp, device=device)

    async def user_of(self, step: Step) -> User:
        """Whose password was right moments ago. Raises StepExpired when it has been changed meanwhile."""
        user = await User.objects.filter(id=step.user_id, is_active=True).afirst()
        if user is None or step != Step.of(user):
            raise StepExpired
        return user

    async def open_session(
        self, user: User, *, factor: str, device: Device, attempt: Attempt | None = None
    ) -> SignedIn:
        """For somebody who has proved who they are; `factor` is the second one. Raises InvalidCredentials.

        Failures in a row before `attempt` are forgotten.
        """
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
        return SignedIn(session, user)

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
            self._note_refusal(
                user, "wrong_password" if not matched else "locked" if attempt.locked else "not_allowed"
            )
            raise InvalidCredentials()
        return user

    def _note_refusal(self, user: User | None, reason: str) -> None:
        """Nobody waits for it to be written: an unknown address, of which nothing is written, answers no sooner."""
        if user is not None:
            keep_running(
                run_db(AuditEvent.objects.record_a_few, "sign_in.refused", user_id=user.id, reason=reason)
            )

    async def _rehash(self, place: HashingPlace, user: User, password: str) -> None:
        """Store the hash at today's cost, unless the password was changed meanwhile."""
        password_hash = await place.run(self.passwords.hash_password, password)
        if await User.objects.filter(id=user.id, password=user.password).aupdate(password=password_hash):
            user.password = password_hash
