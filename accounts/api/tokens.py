"""Signing in, over the API."""

from typing import Any

from drf_spectacular.utils import extend_schema

from accounts import wiring
from accounts.api import serializers
from accounts.models import Session
from dashtam import client
from dashtam.api import ApiView, Reply
from dashtam.openapi import problem_responses


class Tokens(ApiView):
    """Access and refresh tokens."""

    public = True

    @extend_schema(
        operation_id="log_in",
        request=serializers.Credentials,
        responses={200: serializers.TokenPair} | problem_responses(400, 401, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Sign in: opens a session and answers with its tokens."""
        service = wiring.auth_service()
        signed_in = await service.log_in(
            **self.read(serializers.Credentials),
            kind=Session.Kind.API,
            user_agent=client.user_agent(request),
            ip=client.client_ip(request),
        )
        return Reply(await service.create_token_pair(signed_in.session))


class RefreshedTokens(ApiView):
    """Tokens exchanged for newer ones."""

    public = True

    @extend_schema(
        operation_id="refresh",
        request=serializers.RefreshToken,
        responses={200: serializers.TokenPair} | problem_responses(400, 401, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Exchange a refresh token for its successor. Using one a second time ends the session."""
        given = self.read(serializers.RefreshToken)
        return Reply(await wiring.auth_service().refresh(**given, ip=client.client_ip(request)))


class RevokedTokens(ApiView):
    """Tokens given up."""

    public = True

    @extend_schema(
        operation_id="revoke",
        request=serializers.RefreshToken,
        responses={204: None} | problem_responses(400),
    )
    async def post(self, request: Any) -> Reply:
        """End the session of a refresh token (RFC 7009). Its access tokens stop working at once."""
        await wiring.auth_service().revoke(**self.read(serializers.RefreshToken))
        return Reply(status=204)
