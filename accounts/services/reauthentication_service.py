"""Proving once more who one is, before a change that a stolen session must not make."""

from accounts.models import Session, User
from accounts.principal import Principal
from accounts.services.password_service import PasswordService
from accounts.services.second_factors.mfa_service import MfaService
from accounts.services.session_service import SessionService
from accounts.services.throttle_service import ThrottleService
from dashtam.bridge.hashing import place_to_hash
from dashtam.errors import FieldError, ValidationFailed


class ReauthenticationService:
    """Renews the proof that `Principal.require_fresh` asks for."""

    def __init__(
        self,
        *,
        throttle: ThrottleService,
        passwords: PasswordService,
        sessions: SessionService,
        mfa: MfaService,
    ) -> None:
        self.throttle = throttle
        self.passwords = passwords
        self.sessions = sessions
        self.mfa = mfa

    async def by_password(self, *, principal: Principal, password: str, otp: str | None = None) -> Session:
        """The session with its fresh proof; whoever has a second factor proves that too.

        Raises ValidationFailed naming the field, OtpRequired, OtpInvalid and TooManyRequests.
        """
        user = await User.objects.aget(id=principal.user_id)
        with place_to_hash(stranger=False) as place:
            attempt = await self.throttle.proof(session_id=principal.session_id, user_id=user.id)
            matched = await place.run(self.passwords.verify_password, password, user.password)
        if not matched or attempt.locked:
            detail = "This is not your password. Try again, or sign out and set a new one by mail."
            raise ValidationFailed(errors=[FieldError("password", "wrong_password", detail)])
        await self.throttle.succeeded(attempt)
        factor = await self.mfa.check(user, otp)
        return await self.sessions.proved(session_id=principal.session_id, factor=factor)
