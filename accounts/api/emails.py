"""Changes of one's email address, over the API."""

from typing import Any

from drf_spectacular.utils import extend_schema

from accounts import wiring
from accounts.api import serializers
from accounts.errors import LinkNotValid, ReauthRequired
from dashtam.api.openapi import problem_responses
from dashtam.api.views import ApiView, Reply


class OwnEmail(ApiView):
    """The email address that one signs in with."""

    idempotent = True

    @extend_schema(
        operation_id="change_email",
        summary="Change your email address",
        request=serializers.Email,
        responses={202: None} | problem_responses(400, 401, ReauthRequired, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Ask for another address. Needs a fresh proof of who one is.

        Both addresses get a link; the change is done when both are confirmed, and then all other sessions end.
        From the old address it can be stopped. Should the old mailbox be lost, the change is done a week after
        the new one was confirmed. The answer is the same whether or not the new address is taken.
        """
        self.principal.require_fresh()
        await wiring.email_change_service().ask(
            user_id=self.principal.user_id,
            session_id=self.principal.session_id,
            current=self.principal.email,
            **self.read(serializers.Email),
        )
        return Reply(status=202)

    @extend_schema(
        operation_id="cancel_email_change",
        summary="Take back a change of address",
        responses={204: None} | problem_responses(401),
    )
    async def delete(self, request: Any) -> Reply:
        """Take the wish for another address back, if there is one."""
        await wiring.email_change_service().cancel(user_id=self.principal.user_id)
        return Reply(status=204)


class ResumedEmail(ApiView):
    """Mail that goes to one's own address again."""

    @extend_schema(
        operation_id="resume_mail",
        summary="Let mail go to your address again",
        request=None,
        responses={204: None} | problem_responses(401, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Try the address again, after mail to it was stopped because it came back or was marked as spam."""
        await wiring.email_change_service().resume(
            user_id=self.principal.user_id,
            session_id=self.principal.session_id,
            email=self.principal.email,
        )
        return Reply(status=204)


class ConfirmedEmailChanges(ApiView):
    """Email changes that one of the two email addresses agrees to."""

    public = True

    @extend_schema(
        operation_id="confirm_email_change",
        summary="Agree to a change of address",
        request=serializers.Token,
        responses={204: None} | problem_responses(400, LinkNotValid),
    )
    async def post(self, request: Any) -> Reply:
        """Agree, with the token from the mail to the new or to the old address."""
        await wiring.email_change_service().confirm(**self.read(serializers.Token))
        return Reply(status=204)


class StoppedEmailChanges(ApiView):
    """Email changes that the old email address objects to."""

    public = True

    @extend_schema(
        operation_id="stop_email_change",
        summary="Stop a change of address",
        request=serializers.Token,
        responses={204: None} | problem_responses(400, LinkNotValid),
    )
    async def post(self, request: Any) -> Reply:
        """Stop it, with the token from a mail to the old address."""
        await wiring.email_change_service().stop(**self.read(serializers.Token))
        return Reply(status=204)
