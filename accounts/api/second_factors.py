"""Second factors, over the API."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema

from accounts import queries, wiring
from accounts.api import serializers
from accounts.errors import FactorExists, FactorMissing, FactorRequired, OtpInvalid, ReauthRequired
from dashtam.api.openapi import problem_responses
from dashtam.api.paging import Listing
from dashtam.api.views import ApiView, Reply


class Totp(ApiView):
    """One's authenticator app (RFC 6238). Every change asks for a fresh proof of identity."""

    idempotent = True

    def may_repeat(self) -> None:
        """The answer is a secret: it needs a fresh proof each time."""
        self.principal.require_fresh()

    @extend_schema(
        operation_id="start_totp",
        summary="Begin to set up an authenticator app",
        request=None,
        responses={200: serializers.Enrolment} | problem_responses(401, ReauthRequired, FactorExists, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Get a secret for an app. It counts once its first code is confirmed; until then a newer one replaces it."""
        self.principal.require_fresh()
        person = self.principal
        service = wiring.second_factor_service()
        enrolment = await service.start_totp(user_id=person.user_id, email=person.email)
        return Reply({"secret": enrolment.secret, "otpauth_uri": enrolment.otpauth_uri})

    @extend_schema(
        operation_id="remove_totp",
        summary="Remove the authenticator app",
        responses={204: None} | problem_responses(401, ReauthRequired, FactorMissing, FactorRequired),
    )
    async def delete(self, request: Any) -> Reply:
        """Remove the app. With the last second factor the recovery codes end, too."""
        self.principal.require_fresh()
        await wiring.second_factor_service().remove_totp(user_id=self.principal.user_id)
        return Reply(status=204)


class ConfirmedTotp(ApiView):
    """An authenticator app that has shown its first code."""

    idempotent = True

    def may_repeat(self) -> None:
        """The answer is a secret: it needs a fresh proof each time."""
        self.principal.require_fresh()

    @extend_schema(
        operation_id="confirm_totp",
        summary="Confirm the authenticator app",
        request=serializers.Otp,
        responses={200: serializers.RecoveryCodes}
        | problem_responses(400, 401, OtpInvalid, ReauthRequired, FactorMissing, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Prove that the app has the secret. Recovery codes come with the first second factor, and only then."""
        self.principal.require_fresh()
        person = self.principal
        enrolled = await wiring.second_factor_service().confirm_totp(
            user_id=person.user_id, session_id=person.session_id, **self.read(serializers.Otp)
        )
        return Reply({"recovery_codes": enrolled.recovery_codes})


class RecoveryCodes(ApiView):
    """Codes for people who have lost their second factor."""

    idempotent = True

    def may_repeat(self) -> None:
        """The answer is a secret: it needs a fresh proof each time."""
        self.principal.require_fresh()

    @extend_schema(
        operation_id="renew_recovery_codes",
        summary="Make new recovery codes",
        request=None,
        responses={201: serializers.RecoveryCodes}
        | problem_responses(401, ReauthRequired, FactorMissing, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Make new ones. All older ones end."""
        self.principal.require_fresh()
        codes = await wiring.second_factor_service().renew_codes(user_id=self.principal.user_id)
        return Reply({"recovery_codes": codes}, status=201)


class Passkeys(ApiView):
    """One's passkeys. They are added in the browser, which alone can ask for them."""

    @extend_schema(
        operation_id="passkeys",
        summary="List passkeys",
        responses={200: serializers.Passkeys} | problem_responses(401),
    )
    async def get(self, request: Any) -> Listing[Any]:
        """List one's passkeys, oldest first."""
        factors = await queries.second_factors(self.principal.user_id)
        return Listing(factors["passkeys"], None)


class Passkey(ApiView):
    """One passkey."""

    @extend_schema(
        operation_id="remove_passkey",
        summary="Remove a passkey",
        responses={204: None} | problem_responses(401, ReauthRequired, FactorMissing, FactorRequired),
    )
    async def delete(self, request: Any, id: UUID) -> Reply:
        """Remove it. Asks for a fresh proof of who you are."""
        self.principal.require_fresh()
        await wiring.passkey_service().remove(user_id=self.principal.user_id, passkey_id=id)
        return Reply(status=204)
