"""Throttling of sign-ins and everything else that can be guessed or flooded, before any work is done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from django.db import DatabaseError, InterfaceError

from accounts import limits as account_limits
from accounts.devices import Device
from accounts.limits import network_here
from accounts.models import FailedProof, OneTimeLink, User
from accounts.models.failed_proof import subject_of
from accounts.models.user import normalise_email
from dashtam import limits
from dashtam.bridge.database import DatabaseBusy, is_outage
from dashtam.bridge.doors import keep_running, run_db
from dashtam.limits import Limit, Take


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was let through. It counts as failed until `succeeded` or `settle` is told otherwise."""

    subject: bytes
    taken: tuple[Take, ...]
    user: User | None = None
    locked: bool = False
    in_a_row: int = 0  # failures, if this is one
    enrolled: bool = False  # `user` has a second factor
    familiar: bool = False  # `user` has come this very way before

    @property
    def subjects(self) -> tuple[bytes, ...]:
        """The subjects whose failures in a row end when the try succeeds."""
        own = (subject_of("account", self.user.email),) if self.user is not None else ()
        return tuple({self.subject, *own})


class ThrottleService:
    """Rate limits first, then failures in a row, which are kept in the database.

    An email address without an account is treated like any other, so the answers tell nothing. All methods raise
    TooManyRequests.
    """

    async def sign_in(self, *, email: str, device: Device) -> Attempt:
        """Count a sign-in before its password is hashed. The tries of a known device are counted on their own.

        So failures from elsewhere, however many, do not keep out a person who has been here before.
        """
        email, subject = normalise_email(email), subject_of("account", normalise_email(email))
        taken: tuple[Take, ...]
        if device.known:
            subject = subject_of("device", device.known)
            taken = ((account_limits.FAILED_BY_DEVICE, device.known),)
            await limits.require(*taken)
        else:
            network = network_here()
            taken = (
                (account_limits.FAILED_BY_NETWORK, network),
                (account_limits.FAILED_BY_ACCOUNT_AND_NETWORK, f"{email} {network}"),
                (account_limits.FAILED_BY_ACCOUNT, email),
            )
            await limits.require((account_limits.SIGN_IN_BY_NETWORK, network), *taken)
        async with self.outages_excused(taken):
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
        """Count a try before a signed-in person proves once more who they are."""
        return await self._again("session", session_id, account_limits.PROOF_BY_SESSION, user_id=user_id)

    async def code(self, *, user_id: UUID) -> Attempt:
        """Count a try before a second factor by code is compared: its client has the password already."""
        return await self._again("code", user_id, account_limits.CODE_BY_ACCOUNT, user_id=user_id)

    async def _again(self, kind: str, key: UUID, limit: Limit, *, user_id: UUID) -> Attempt:
        taken = ((limit, key),)
        await limits.require(*taken)
        subject = subject_of(kind, key)
        async with self.outages_excused(taken):
            standing = await run_db(FailedProof.objects.begin, subject=subject, user_id=user_id)
        if standing.wait:
            raise limits.too_many(standing.wait)
        return Attempt(subject, taken, locked=standing.locked, in_a_row=standing.in_a_row)

    async def passkey(self) -> None:
        """Count a challenge for a passkey, or a check of its signature."""
        await limits.require((account_limits.PASSKEY_BY_NETWORK, network_here()))

    async def succeeded(self, attempt: Attempt) -> None:
        """Note that the person proved who they are: failures in a row end here."""
        async with self.outages_excused(attempt.taken):
            await run_db(FailedProof.objects.forget, *attempt.subjects)
        await self.settle(attempt)

    @asynccontextmanager
    async def outages_excused(self, taken: tuple[Take, ...]) -> AsyncIterator[None]:
        """Give the takes back when the database is away or read-only: a try that was not answered has not failed."""
        try:
            yield
        except Exception as error:
            if is_outage(error):
                await limits.undo(once=taken)
            raise

    @asynccontextmanager
    async def proved(self, attempt: Attempt) -> AsyncIterator[None]:
        """Excuse outages after a right password, also where the database took the count, and not what came after."""
        try:
            async with self.outages_excused(attempt.taken):
                yield
        except Exception as error:
            if is_outage(error):
                keep_running(self._forget_if_possible(attempt))  # not awaited: the database may be silent
            raise

    async def _forget_if_possible(self, attempt: Attempt) -> None:
        with suppress(DatabaseError, InterfaceError, DatabaseBusy):
            await run_db(FailedProof.objects.forget, *attempt.subjects)

    async def settle(self, attempt: Attempt) -> None:
        """Do the same for the rate limits alone, where the failures in a row have been deleted already."""
        # The limit of the network stays: an attacker must not start anew by signing in to an account of their own.
        shared = [take for take in attempt.taken if take[0] is account_limits.FAILED_BY_NETWORK]
        await limits.undo(once=shared, all=[take for take in attempt.taken if take not in shared])

    async def sign_up(self, *, email: str) -> None:
        """Count a sign-up before it is hashed and mailed."""
        email = normalise_email(email)
        await limits.require(
            (account_limits.SIGN_UP_BY_NETWORK, network_here()),
            (account_limits.SIGN_UP_BY_ACCOUNT, email),
            (account_limits.MAIL_BY_ACCOUNT, email),
        )

    async def mail(self, *, email: str, purpose: OneTimeLink.Purpose) -> bool:
        """Return whether a link may be mailed to `email` now. If not, the one before still works."""
        await limits.require((account_limits.MAIL_BY_NETWORK, network_here()))
        email = normalise_email(email)
        return not await limits.take((_MAIL[purpose], email), (account_limits.MAIL_BY_ACCOUNT, email))

    async def by_link(self, *, link_id: UUID) -> None:
        """Count a password that comes with a mailed link, before it is hashed."""
        await limits.require((account_limits.PASSWORD_BY_LINK, link_id))

    async def session(self, *, user_id: UUID) -> None:
        """Count a session that is about to be opened, after all proofs."""
        await limits.require((account_limits.SESSION_BY_PERSON, user_id))

    async def factor(self, *, user_id: UUID) -> None:
        """Count a second factor that is set up, or new recovery codes: each is mailed."""
        await limits.require((account_limits.FACTOR_BY_PERSON, user_id))

    async def proof_again(self, *, session_id: UUID) -> None:
        """Count a fresh proof of identity, also one that succeeds."""
        await limits.require((account_limits.PROOF_AGAIN_BY_SESSION, session_id))

    async def link(self) -> None:
        """Count a mailed link that comes back."""
        await limits.require((account_limits.LINK_BY_NETWORK, network_here()))

    async def refresh(self, *, session_id: UUID) -> None:
        """Count an exchange of a genuine refresh token."""
        await limits.require((account_limits.REFRESH_BY_SESSION, session_id))

    async def forged(self) -> None:
        """Count a token that we did not make."""
        await limits.require((account_limits.FORGED_BY_NETWORK, network_here()))


_MAIL: dict[str, Limit] = {
    OneTimeLink.Purpose.VERIFY_EMAIL: account_limits.RESEND_BY_ACCOUNT,
    OneTimeLink.Purpose.RESET_PASSWORD: account_limits.RESET_BY_ACCOUNT,
}
