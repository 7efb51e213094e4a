"""Lets tries through, or not, before any work is done for them."""

from dataclasses import dataclass
from uuid import UUID

from accounts import limits as known
from accounts.devices import Device
from accounts.limits import here
from accounts.models import FailedProof, OneTimeLink, User
from accounts.models.failed_proof import subject_of
from accounts.models.user import normalise_email
from dashtam import limits
from dashtam.bridge.doors import run_db
from dashtam.limits import Limit, Take


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was let through. It counts as failed until its outcome is told."""

    subject: bytes
    taken: tuple[Take, ...]
    user: User | None = None
    locked: bool = False
    in_a_row: int = 0  # failures, if this is one
    enrolled: bool = False  # `user` has a second factor
    familiar: bool = False  # `user` has come this very way before

    @property
    def subjects(self) -> tuple[bytes, ...]:
        """Whose failures in a row end when it succeeds."""
        own = (subject_of("account", self.user.email),) if self.user is not None else ()
        return tuple({self.subject, *own})


class GuardService:
    """Limits first, then what lasts: how often in a row somebody has failed.

    An address that nobody has is treated like any other, so the answers tell nothing. All raise TooManyRequests.
    """

    async def sign_in(self, *, email: str, device: Device) -> Attempt:
        """Before a password is hashed. The tries of a known device are its own.

        So whoever fails from elsewhere, as often as they like, keeps nobody out who has been here before.
        """
        email, subject = normalise_email(email), subject_of("account", normalise_email(email))
        taken: tuple[Take, ...]
        if device.known:
            subject, taken = subject_of("device", device.known), ((known.FAILED_BY_DEVICE, device.known),)
            await limits.require(*taken)
        else:
            where = here()
            taken = (
                (known.FAILED_BY_ADDRESS, where),
                (known.FAILED_BY_BOTH, f"{email} {where}"),
                (known.FAILED_BY_ACCOUNT, email),
            )
            await limits.require((known.SIGN_IN_BY_ADDRESS, where), *taken)
        begun = await run_db(User.objects.begin_sign_in, email=email, subject=subject, device=device)
        if begun.standing.wait:
            raise limits.too_many(begun.standing.wait)
        return Attempt(
            subject,
            taken,
            begun.user,
            begun.standing.locked,
            enrolled=begun.enrolled,
            familiar=begun.familiar,
        )

    async def proof(self, *, session_id: UUID, user_id: UUID) -> Attempt:
        """Before somebody who is signed in proves again who they are."""
        return await self._again("session", session_id, known.PROOF_BY_SESSION, user_id=user_id)

    async def code(self, *, user_id: UUID) -> Attempt:
        """Before a second factor by code is compared: whoever tries has the password already."""
        return await self._again("code", user_id, known.CODE_BY_ACCOUNT, user_id=user_id)

    async def _again(self, kind: str, key: UUID, limit: Limit, *, user_id: UUID) -> Attempt:
        taken = ((limit, key),)
        await limits.require(*taken)
        subject = subject_of(kind, key)
        standing = await run_db(FailedProof.objects.begin, subject=subject, user_id=user_id)
        if standing.wait:
            raise limits.too_many(standing.wait)
        return Attempt(subject, taken, locked=standing.locked, in_a_row=standing.in_a_row)

    async def passkey(self) -> None:
        """Before a passkey is asked for, or its signature checked."""
        await limits.require((known.PASSKEY_BY_ADDRESS, here()))

    async def succeeded(self, attempt: Attempt) -> None:
        """They proved who they are: failures in a row end here."""
        await run_db(FailedProof.objects.forget, *attempt.subjects)
        await self.settle(attempt)

    async def settle(self, attempt: Attempt) -> None:
        """The same for the limits alone, where what lasts has been forgotten already."""
        # Not for all at this network address: whoever guesses must not start anew by signing in as themselves.
        shared = [take for take in attempt.taken if take[0] is known.FAILED_BY_ADDRESS]
        await limits.undo(once=shared, all=[take for take in attempt.taken if take not in shared])

    async def sign_up(self, *, email: str) -> None:
        """Before a sign-up is hashed and mailed."""
        email = normalise_email(email)
        await limits.require(
            (known.SIGN_UP_BY_ADDRESS, here()),
            (known.SIGN_UP_BY_ACCOUNT, email),
            (known.MAIL_BY_ACCOUNT, email),
        )

    async def mail(self, *, email: str, purpose: OneTimeLink.Purpose) -> bool:
        """Whether a link may be mailed to this address now. If not, the one before still works."""
        await limits.require((known.MAIL_BY_ADDRESS, here()))
        email = normalise_email(email)
        return not await limits.take((_MAIL[purpose], email), (known.MAIL_BY_ACCOUNT, email))

    async def reset(self, *, link_id: UUID) -> None:
        """Before a new password, set by link, is hashed."""
        await limits.require((known.RESET_BY_LINK, link_id))

    async def refresh(self, *, session_id: UUID) -> None:
        """Before a genuine refresh token is exchanged."""
        await limits.require((known.REFRESH_BY_SESSION, session_id))

    async def forged(self) -> None:
        """After a token that we did not make."""
        await limits.require((known.FORGED_BY_ADDRESS, here()))


_MAIL: dict[str, Limit] = {
    OneTimeLink.Purpose.VERIFY_EMAIL: known.RESEND_BY_ACCOUNT,
    OneTimeLink.Purpose.RESET_PASSWORD: known.RESET_BY_ACCOUNT,
}
