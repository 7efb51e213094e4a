"""Fresh proofs of identity, before a change that a stolen session must not make (ASVS 7.5.1)."""

from accounts.models import Session, User
from accounts.principal import Principal
from accounts.services.password_service import PasswordService
from accounts.services.second_factors.second_factor_service import SecondFactorService
from accounts.services.sessions.session_service import SessionService
from accounts.services.throttle_service import ThrottleService
from dashtam.bridge.hashing import place_to_hash
from dashtam.errors import FieldError, ValidationFailed


class ReauthenticationService:
    """Renews the proof of identity that `Principal.require_fresh` asks for."""

    def __init__(
        self,
        *,
        throttle: ThrottleService,
        passwords: PasswordService,
        sessions: SessionService,
        second_factors: SecondFactorService,
    ) -> None:
        self.throttle = throttle
        self.passwords = passwords
        self.sessions = sessions
        self.second_factors = second_factors

    async def by_password(self, *, principal: Principal, password: str, otp: str | None = None) -> Session:
        """Check a password, and a second factor if one is set up; returns the session with its fresh proof.

        Raises ValidationFailed naming the field, OtpRequired, OtpInvalid and TooManyRequests.
        """
        await self.throttle.proof_again(session_id=principal.session_id)
        user = await User.objects.aget(id=principal.user_id)
        with place_to_hash(stranger=False) as place:
            attempt = await self.throttle.proof(session_id=principal.session_id, user_id=user.id)
            matched = await place.run(self.passwords.verify_password, password, user.password)
        if not matched or attempt.locked:
            detail = "This is not your password. Try again, or sign out and set a new one by mail."
            raise ValidationFailed(errors=[FieldError("password", "wrong_password", detail)])
        await self.throttle.succeeded(attempt)
        factor = await self.second_factors.check(user, otp)
        return await self.sessions.proved(session_id=principal.session_id, factor=factor)
