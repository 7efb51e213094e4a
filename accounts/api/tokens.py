"""Signing in, over the API."""

from typing import Any

from drf_spectacular.utils import extend_schema

from accounts import wiring
from accounts.api import serializers
from accounts.devices import Device
from accounts.errors import InvalidCredentials, InvalidGrant, OtpInvalid, OtpRequired
from accounts.models import Session
from dashtam.api.openapi import problem_responses
from dashtam.api.views import ApiView, Reply
from dashtam.web import visitor


class Tokens(ApiView):
    """Access and refresh tokens."""

    public = True

    @extend_schema(
        operation_id="log_in",
        summary="Sign in",
        request=serializers.Credentials,
        responses={200: serializers.TokenPair}
        | problem_responses(400, InvalidCredentials, OtpRequired, OtpInvalid, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Sign in: opens a session and answers with its tokens.

        Whoever has a second factor set up gets 401 `otp_required` after a right password, and sends the code of
        their authenticator app, or a recovery code, as `otp`. A wrong or used one is answered 401 `otp_invalid`.
        """
        device = Device(Session.Kind.API, visitor.user_agent(request), visitor.client_ip(request))
        credentials = self.read(serializers.Credentials)
        service = wiring.auth_service()
        session = await service.log_in(**credentials, device=device)
        return Reply(await service.create_token_pair(session))


class RefreshedTokens(ApiView):
    """Tokens exchanged for newer ones."""

    public = True

    @extend_schema(
        operation_id="refresh",
        summary="Refresh the tokens",
        request=serializers.RefreshToken,
        responses={200: serializers.TokenPair} | problem_responses(400, InvalidGrant, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Exchange a refresh token for its successor. Using one a second time ends the session."""
        given = self.read(serializers.RefreshToken)
        return Reply(await wiring.auth_service().refresh(**given, ip=visitor.client_ip(request)))


class RevokedTokens(ApiView):
    """Revoked tokens (RFC 7009)."""

    public = True

    @extend_schema(
        operation_id="revoke",
        summary="Sign out",
        request=serializers.RefreshToken,
        responses={204: None} | problem_responses(400, 429),
    )
    async def post(self, request: Any) -> Reply:
        """End the session of a refresh token (RFC 7009). Its access tokens stop working at once."""
        await wiring.auth_service().revoke(**self.read(serializers.RefreshToken))
        return Reply(status=204)
