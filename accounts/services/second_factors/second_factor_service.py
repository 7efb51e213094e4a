"""Second factors by code: an authenticator app, and recovery codes for when it is lost."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from accounts.errors import FactorExists, FactorMissing, OtpInvalid, OtpRequired
from accounts.models import AuditEvent, SecondFactors, Session, Totp, User
from accounts.models.audit import NOBODY
from accounts.models.failed_proof import FREE
from accounts.services.second_factors.totp_service import TotpService
from accounts.services.sessions.session_service import SessionService
from accounts.services.throttle_service import ThrottleService
from dashtam.bridge.doors import keep_running, run_db
from dashtam.crypto import sealed_tokens
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.crypto.sealed_fields import open_field, seal_field

CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is easily mistaken for another
LENGTH = 10  # 49 bits, and few tries


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The secret for an authenticator app, to be shown once."""

    secret: str
    otpauth_uri: str

    @property
    def groups(self) -> str:
        """The secret in groups of four, for typing."""
        return " ".join(self.secret[at : at + 4] for at in range(0, len(self.secret), 4))


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A factor that counts from now on; its recovery codes are shown once, none if the person has some already."""

    session: Session
    recovery_codes: list[str]


class SecondFactorService:
    """Sets second factors up and checks them. Codes come without the spaces that people type."""

    def __init__(
        self,
        *,
        throttle: ThrottleService,
        sessions: SessionService,
        encryption: EncryptionService,
        totp: TotpService,
    ) -> None:
        self.throttle = throttle
        self.sessions = sessions
        self.encryption = encryption
        self.totp = totp

    # --- asking for it --------------------------------------------------------------------------------
    async def check(self, user: User, otp: str | None) -> str:
        """Use a code up; returns which factor it is, `totp` or `recovery_code`, or "" when none is set up.

        Raises OtpRequired when a code is missing, OtpInvalid, and TooManyRequests.
        """
        if not await run_db(SecondFactors.enrolled, user_id=user.id):
            return ""
        if not otp:
            raise OtpRequired(user)
        attempt = await self.throttle.code(user_id=user.id)
        factor = await self._use(user.id, otp)
        # After too many failures only a recovery code counts: it cannot be guessed, and the owner must get in.
        if not factor or (attempt.locked and factor != "recovery_code"):
            keep_running(run_db(AuditEvent.objects.record_a_few, "mfa.code_refused", user_id=user.id))
            if attempt.in_a_row == FREE:  # the client has the password (ASVS 6.3.5)
                await run_db(SecondFactors.tell, user_id=user.id, change="codes_refused", actor_id=NOBODY)
            raise OtpInvalid
        await self.throttle.succeeded(attempt)
        return factor

    async def _use(self, user_id: UUID, otp: str) -> str:
        code = otp.lower()
        if code.isdigit():
            totp = await Totp.objects.filter(user_id=user_id).exclude(confirmed_at=None).afirst()
            step = self.totp.step_of(code, secret=self._open(totp)) if totp else None
            used = step is not None and await run_db(Totp.objects.use, user_id=user_id, step=step)
            return "totp" if used else ""
        used = await run_db(SecondFactors.use_code, user_id=user_id, code_hash=_digest(user_id, code))
        return "recovery_code" if used else ""

    # --- setting it up --------------------------------------------------------------------------------
    async def start_totp(self, *, user_id: UUID, email: str) -> Enrolment:
        """Make a secret, which counts once its first code is confirmed. Raises FactorExists, TooManyRequests."""
        await self.throttle.factor(user_id=user_id)
        secret = self.totp.create_secret()
        sealed = seal_field(self.encryption, Totp, user_id, "secret", secret)
        if not await run_db(Totp.objects.start, user_id=user_id, secret=sealed):
            raise FactorExists
        return Enrolment(self.totp.spell(secret), self.totp.uri(secret=secret, account=email))

    async def pending_totp(self, *, user_id: UUID, email: str) -> Enrolment | None:
        """The secret that waits for its first code, if any."""
        totp = await Totp.objects.filter(user_id=user_id, confirmed_at=None).afirst()
        if totp is None:
            return None
        secret = self._open(totp)
        return Enrolment(self.totp.spell(secret), self.totp.uri(secret=secret, account=email))

    async def confirm_totp(self, *, user_id: UUID, session_id: UUID, otp: str) -> Enrolled:
        """Count the app from now on. Raises FactorMissing without a secret that waits, OtpInvalid, TooManyRequests."""
        totp = await Totp.objects.filter(user_id=user_id, confirmed_at=None).afirst()
        if totp is None:
            raise FactorMissing
        attempt = await self.throttle.proof(session_id=session_id, user_id=user_id)
        step = self.totp.step_of(otp, secret=self._open(totp))
        if step is None or attempt.locked:
            raise OtpInvalid
        await self.throttle.succeeded(attempt)
        codes = make_codes()
        hashes = hash_codes(user_id, codes)
        made = await run_db(Totp.objects.confirm, totp=totp, step=step, code_hashes=hashes)
        if made is None:
            raise FactorMissing
        session = await self.sessions.proved(session_id=session_id, factor="totp")
        return Enrolled(session, codes if made else [])

    async def remove_totp(self, *, user_id: UUID) -> None:
        """Delete the authenticator app. Raises FactorMissing, and FactorRequired for staff who have no other."""
        if not await run_db(Totp.objects.remove, user_id=user_id):
            raise FactorMissing

    async def renew_codes(self, *, user_id: UUID) -> list[str]:
        """Replace all recovery codes. Raises FactorMissing without any second factor, TooManyRequests."""
        await self.throttle.factor(user_id=user_id)
        codes = make_codes()
        if not await run_db(
            SecondFactors.renew_codes, user_id=user_id, code_hashes=hash_codes(user_id, codes)
        ):
            raise FactorMissing
        return codes

    def _open(self, totp: Totp) -> bytes:
        return open_field(self.encryption, totp, "secret")


def make_codes() -> list[str]:
    """Make recovery codes, as they are shown: two groups of five."""
    raw = ("".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(CODES))
    return [f"{code[:5]}-{code[5:]}" for code in raw]


def hash_codes(user_id: UUID, codes: list[str]) -> list[bytes]:
    """The hashes of recovery codes, which are all that is stored."""
    return [_digest(user_id, code.replace("-", "")) for code in codes]


def _digest(user_id: UUID, code: str) -> bytes:
    return sealed_tokens.digest(f"recovery code of {user_id}: {code}")
