"""New passwords, over the API."""

from typing import Any

from drf_spectacular.utils import extend_schema

from accounts import wiring
from accounts.api import serializers
from accounts.errors import LinkNotValid, ReauthRequired
from dashtam.api.openapi import problem_responses
from dashtam.api.views import ApiView, Reply
from dashtam.web import visitor


class PasswordResets(ApiView):
    """Links to set a new password."""

    public = True
    idempotent = True

    @extend_schema(
        operation_id="request_password_reset",
        summary="Ask for a link to set a new password",
        request=serializers.Email,
        responses={202: None} | problem_responses(400, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Ask for a link. The answer is the same whether or not the address is known."""
        await wiring.password_change_service().request_reset(**self.read(serializers.Email))
        return Reply(status=202)


class ConfirmedPasswordResets(ApiView):
    """Passwords set by link."""

    public = True

    @extend_schema(
        operation_id="reset_password",
        summary="Set a new password by link",
        request=serializers.PasswordReset,
        responses={204: None} | problem_responses(400, LinkNotValid, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Set a new password with the token from the mailed link. All sessions and API keys end; sign in afterwards.

        Passkeys sign in after the new password only, until each was shown after it once. Second factors stay.
        """
        wanted = self.read(serializers.PasswordReset)
        await wiring.password_change_service().reset(**wanted, ip=visitor.client_ip(request))
        return Reply(status=204)


class OwnPassword(ApiView):
    """One's own password."""

    @extend_schema(
        operation_id="change_password",
        summary="Change your password",
        request=serializers.PasswordChange,
        responses={204: None} | problem_responses(400, 401, ReauthRequired, 409, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Change it. All other sessions end. Whoever has a second factor needs a fresh proof of who they are."""
        self.principal.require_fresh_factor()
        await wiring.password_change_service().change(
            user_id=self.principal.user_id,
            session_id=self.principal.session_id,
            ip=visitor.client_ip(request),
            **self.read(serializers.PasswordChange),
        )
        return Reply(status=204)
