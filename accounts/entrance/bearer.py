"""Bearer tokens (RFC 6750) on API requests: access tokens and API keys."""

import base64
from typing import Any

from accounts import wiring
from accounts.entrance import second_factor
from accounts.errors import SecondFactorMissing
from accounts.limits import require_change
from accounts.principal import Principal
from accounts.services.api_key_service import PREFIX
from accounts.services.jwt_service import MAX_TOKEN_LENGTH
from dashtam.errors import BadRequest, InvalidToken
from dashtam.web import measures


class BearerAuthentication:
    """Turns `Authorization: Bearer …` into a Principal."""

    refusals = (SecondFactorMissing,)  # beside those of RFC 6750, for the OpenAPI document

    async def authenticate(self, request: Any) -> Principal | None:
        """The principal of the token; None without credentials of this scheme.

        Raises BadRequest, InvalidToken, SecondFactorMissing, and TooManyRequests.
        """
        token = self.credentials(request.META.get("HTTP_AUTHORIZATION", ""))
        if token is None:
            return None
        if "access_token" in request.GET or _in_form(request):  # RFC 6750 §2: one method only, and only ours
            raise BadRequest(
                "Send the access token in the Authorization header alone.", code="invalid_request"
            )
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidToken()
        principal = await self._principal(token.strip())
        second_factor.require(principal, request.path)
        await require_change(request.method, principal.session_id)
        return principal

    def credentials(self, header: str) -> str | None:
        """The token in an Authorization header; None for another scheme."""
        scheme, _, token = header.partition(" ")
        return token if scheme.lower() == "bearer" else None

    async def _principal(self, token: str) -> Principal:
        if token.startswith(PREFIX):
            return await wiring.api_key_service().principal(token)
        claims = wiring.jwt_service().decode_access_token(token)
        principal = await wiring.auth_service().principal_of_session(claims.session_id)
        if principal is None or principal.user_id != claims.user_id:
            raise InvalidToken()
        if claims.counter > principal.heard:
            await wiring.session_service().hear(session_id=claims.session_id, counter=claims.counter)
        return principal

    def authenticate_header(self, request: Any) -> str:
        """The challenge of `WWW-Authenticate` (RFC 6750 §3)."""
        return "Bearer"


class KeyAsPassword(BearerAuthentication):
    """Also takes an API key as the password of Basic (RFC 7617), for programs that know nothing else: calendars."""

    def credentials(self, header: str) -> str | None:
        """The token, or the key."""
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "basic":
            return super().credentials(header)
        try:
            _, _, key = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except ValueError:
            raise InvalidToken from None
        if not key.startswith(PREFIX):
            raise InvalidToken
        return key

    def authenticate_header(self, request: Any) -> str:
        """Both challenges."""
        return 'Basic realm="Dashtam", charset="UTF-8", Bearer'


def _in_form(request: Any) -> bool:
    """Find a token in a form (RFC 6750 §2.2)."""
    form = request.content_type == measures.URLENCODED
    return (
        form
        and measures.content_length(request) <= measures.QUICK_BYTES
        and "access_token" in request._request.POST
    )
