"""Signing up, over the API. Every answer is the same whether or not an email address is known."""

from typing import Any

from drf_spectacular.utils import extend_schema

from accounts import wiring
from accounts.api import serializers
from accounts.errors import InvitationNeeded, LinkNotValid, SignUpClosed, SignUpContested
from dashtam.api.openapi import problem_responses
from dashtam.api.views import ApiView, Reply


class Users(ApiView):
    """Accounts of people who sign up."""

    public = True
    idempotent = True

    @extend_schema(
        operation_id="register",
        summary="Sign up",
        request=serializers.Registration,
        responses={202: None} | problem_responses(400, SignUpClosed, InvitationNeeded, LinkNotValid, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Sign up. We mail a link to the address; following it confirms the address.

        Whoever comes with an `invitation` has shown by it that the address is theirs, and can sign in at once.
        """
        wanted = self.read(serializers.Registration)
        token = wanted.pop("invitation", None)
        if token:
            await wiring.invitation_service().accept(token=token, **wanted)
        else:
            await wiring.auth_service().register_user(**wanted)
        return Reply(status=202)


class EmailVerifications(ApiView):
    """Confirmed email addresses."""

    public = True

    @extend_schema(
        operation_id="verify_email",
        summary="Confirm an email address",
        request=serializers.Confirmation,
        responses={204: None} | problem_responses(400, SignUpClosed, SignUpContested, LinkNotValid, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Confirm an address with the token from the mailed link.

        The link confirms the password of its own sign-up only; all other sign-ups with the address are discarded.
        """
        await wiring.auth_service().verify_email(**self.read(serializers.Confirmation))
        return Reply(status=204)


class ResentVerifications(ApiView):
    """Links mailed once more."""

    public = True
    idempotent = True

    @extend_schema(
        operation_id="resend_verification",
        summary="Ask for a new confirmation link",
        request=serializers.Email,
        responses={202: None} | problem_responses(400, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Ask for a new link. Older ones stop working."""
        await wiring.auth_service().resend_verification(**self.read(serializers.Email))
        return Reply(status=202)
