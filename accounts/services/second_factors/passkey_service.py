"""Passkeys (WebAuthn): registering them, and verifying their signatures."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json, structs

from accounts.errors import FactorMissing, PasskeyRefused
from accounts.models import Passkey
from accounts.models.second_factors.passkey import MOST
from accounts.services.second_factors.second_factor_service import Enrolled, hash_codes, make_codes
from accounts.services.sessions.session_service import SessionService
from accounts.services.throttle_service import ThrottleService
from dashtam.bridge.doors import run_db
from dashtam.errors import Conflict

CHALLENGE_SECONDS = 300
CREDENTIAL_ID = re.compile(r"[A-Za-z0-9_-]{1,1400}")
AFTER_RESET = (
    "You set a new password by mail. Sign in with it once, and use this passkey as your second step."
)
VERIFIED = structs.UserVerificationRequirement.REQUIRED  # finger, face or PIN: a second factor in itself


@dataclass(frozen=True, slots=True)
class Challenge:
    """The challenge that a passkey is to sign; `at` is when it was made, in POSIX seconds."""

    value: bytes
    at: float

    def is_over(self) -> bool:
        """Return whether it is too old to count."""
        return not 0 <= time.time() - self.at <= CHALLENGE_SECONDS


@dataclass(frozen=True, slots=True)
class Options:
    """The options for the browser, as JSON, and the challenge in them."""

    json: str
    challenge: Challenge


class PasskeyService:
    """Registers passkeys and verifies signatures, on the loop: well under a millisecond. `origin` is PUBLIC_URL."""

    def __init__(
        self, *, throttle: ThrottleService, sessions: SessionService, rp_id: str, origin: str
    ) -> None:
        self.throttle = throttle
        self.sessions = sessions
        self.rp_id = rp_id
        self.origin = origin

    # --- registering ----------------------------------------------------------------------------------
    async def registration_options(self, *, user_id: UUID, email: str, name: str) -> Options:
        """Ask for a new discoverable passkey, on a device that has none of this person yet."""
        options = webauthn.generate_registration_options(
            rp_id=self.rp_id,
            rp_name="Dashtam",
            user_id=user_id.bytes,
            user_name=email,
            user_display_name=name or email,
            timeout=CHALLENGE_SECONDS * 1000,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
            ),
            exclude_credentials=await self._known(user_id),
        )
        return Options(options_to_json(options), Challenge(options.challenge, time.time()))

    async def register(
        self, *, user_id: UUID, session_id: UUID, name: str, challenge: Challenge, credential: dict[str, Any]
    ) -> Enrolled:
        """Count a new passkey from now on.

        Raises PasskeyRefused, TooManyRequests, and Conflict when there are too many.
        """
        await self.throttle.factor(user_id=user_id)
        if await Passkey.objects.filter(user_id=user_id).acount() >= MOST:
            raise Conflict(f"You can have at most {MOST} passkeys. Remove one first.")
        verified = self._registered(challenge, credential)
        codes = make_codes()
        made = await run_db(
            Passkey.objects.add,
            user_id=user_id,
            code_hashes=hash_codes(user_id, codes),
            name=name,
            credential_id=bytes_to_base64url(verified.credential_id),
            public_key=bytes_to_base64url(verified.credential_public_key),
            sign_count=verified.sign_count,
            synced=verified.credential_backed_up,
        )
        if made is None:
            raise PasskeyRefused
        session = await self.sessions.proved(session_id=session_id, factor="passkey")
        return Enrolled(session, codes if made else [])

    def _registered(self, challenge: Challenge, credential: dict[str, Any]) -> Any:
        if challenge.is_over():
            raise PasskeyRefused
        try:
            return webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge.value,
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                require_user_verification=True,
            )
        except Exception as error:  # a library that parses what strangers send
            raise PasskeyRefused from error

    # --- proving --------------------------------------------------------------------------------------
    async def options(self, *, user_id: UUID | None = None) -> Options:
        """Ask for a signature: by one of the person's passkeys, or by any that the device has for us.

        Raises TooManyRequests.
        """
        await self.throttle.passkey()
        options = webauthn.generate_authentication_options(
            rp_id=self.rp_id,
            timeout=CHALLENGE_SECONDS * 1000,
            allow_credentials=await self._known(user_id) if user_id else [],
            user_verification=VERIFIED,
        )
        return Options(options_to_json(options), Challenge(options.challenge, time.time()))

    async def prove(
        self, *, challenge: Challenge, credential: dict[str, Any], user_id: UUID | None = None
    ) -> Passkey:
        """Find the passkey, with its person, that signed the challenge, which is used up.

        Without `user_id` it signs in alone. Raises PasskeyRefused and TooManyRequests.
        """
        await self.throttle.passkey()
        passkey = await self._passkey(credential)
        if passkey is None or passkey.user_id != (user_id or passkey.user_id) or challenge.is_over():
            raise PasskeyRefused
        sign_count = self._signed(challenge, credential, passkey)
        at = datetime.fromtimestamp(challenge.at, UTC)
        used = await run_db(Passkey.objects.use, id=passkey.id, sign_count=sign_count, challenged_at=at)
        if not used or not passkey.user.may_sign_in:
            raise PasskeyRefused
        if user_id is None and not passkey.alone:
            raise PasskeyRefused(AFTER_RESET)
        return passkey

    async def trust(self, passkey: Passkey, *, session_id: UUID) -> None:
        """Let a passkey sign in alone again: it was shown after the password, and opened `session_id`."""
        if not passkey.alone:
            await run_db(Passkey.objects.trust, id=passkey.id, session_id=session_id)

    async def _passkey(self, credential: dict[str, Any]) -> Passkey | None:
        own = credential.get("id")
        if not isinstance(own, str) or not CREDENTIAL_ID.fullmatch(own):
            return None
        return await Passkey.objects.select_related("user").filter(credential_id=own).afirst()

    def _signed(self, challenge: Challenge, credential: dict[str, Any], passkey: Passkey) -> int:
        """Verify a signature and return the counter in it; Passkey.objects.use judges whether it has gone back."""
        try:
            verified = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge.value,
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                credential_public_key=base64url_to_bytes(passkey.public_key),
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except Exception as error:  # a library that parses what strangers send
            raise PasskeyRefused from error
        return verified.new_sign_count

    # --- removing -------------------------------------------------------------------------------------
    async def remove(self, *, user_id: UUID, passkey_id: UUID) -> None:
        """Delete a passkey. Raises FactorMissing, and FactorRequired for staff who have no other factor."""
        if not await run_db(Passkey.objects.remove, user_id=user_id, id=passkey_id):
            raise FactorMissing

    async def _known(self, user_id: UUID) -> list[structs.PublicKeyCredentialDescriptor]:
        ids = Passkey.objects.filter(user_id=user_id).values_list("credential_id", flat=True)
        return [structs.PublicKeyCredentialDescriptor(id=base64url_to_bytes(each)) async for each in ids]
