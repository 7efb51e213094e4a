"""Signing in through the sign-in provider, and linking accounts with it."""

import hmac
import secrets
import time
from dataclasses import dataclass
from uuid import UUID

from accounts.devices import Device
from accounts.errors import IdentityUnknown, SignInProviderRefused
from accounts.limits import FACTOR_BY_PERSON, PROVIDER_BY_NETWORK, network_here
from accounts.models import Identity, Session
from accounts.models.user import Verified
from accounts.oidc.provider import Answer, OpenIdProvider
from accounts.oidc.tokens import Claims
from accounts.principal import Principal
from accounts.services.auth_service import AuthService
from dashtam import limits
from dashtam.bridge.doors import run_db
from dashtam.errors import NotFound

SECONDS = 600  # that a browser may take at the provider


@dataclass(frozen=True, slots=True)
class Departure:
    """A browser on its way to the provider: kept in its signed cookie, and good for one return."""

    state: str
    at: int
    session_id: str = ""  # of the person who links their account; empty for a sign-in
    next: str = ""


class IdentityService:
    """The provider stands in for the password, never for the second factor: who has one here shows it as well."""

    def __init__(self, *, provider: OpenIdProvider | None, auth: AuthService) -> None:
        self.provider = provider
        self.auth = auth

    async def begin(self, *, principal: Principal | None, wanted: str = "") -> tuple[Departure, str]:
        """A departure and its URL: to link the account of `principal`, whose proof is fresh, or to sign in.

        Raises NotFound without a provider, ReauthRequired, SignInProviderAway and TooManyRequests.
        """
        provider = self._provider()
        await limits.require((PROVIDER_BY_NETWORK, network_here()))
        session_id = ""
        if principal is not None:
            principal.require_fresh()
            session_id = str(principal.session_id)
        state = secrets.token_urlsafe(32)
        url = await provider.authorization_url(state=state, fresh=principal is not None)
        return Departure(state, int(time.time()), session_id, wanted[:2000]), url

    async def sign_in(self, departure: Departure | None, answer: Answer, *, device: Device) -> Session:
        """Open a session for the person whose account the identity is linked with.

        Raises SignInProviderRefused, SignInProviderAway, IdentityUnknown, OtpRequired, TooManyRequests, and
        InvalidCredentials for an account that may not sign in.
        """
        claims = await self._claims(departure, answer, session_id="")
        issuer = self._provider().client.issuer
        identity = await run_db(Identity.objects.used, issuer=issuer, subject=claims.subject)
        if identity is None:
            raise IdentityUnknown
        return await self.auth.log_in_verified(Verified(identity.user, signed_up_here=True), device=device)

    async def link(self, departure: Departure | None, answer: Answer, *, principal: Principal) -> Identity:
        """Link the account of the session that left for the provider, while its proof of identity is fresh.

        Raises SignInProviderRefused, ReauthRequired, IdentityTaken, SignInProviderAway and TooManyRequests.
        """
        principal.require_fresh()
        await limits.require((FACTOR_BY_PERSON, principal.user_id))
        claims = await self._claims(departure, answer, session_id=str(principal.session_id))
        return await run_db(
            Identity.objects.link,
            user_id=principal.user_id,
            issuer=self._provider().client.issuer,
            subject=claims.subject,
            label=claims.label,
        )

    async def unlink(self, *, user_id: UUID, identity_id: UUID) -> None:
        """Unlink one of a person's identities. Raises NotFound."""
        if not await run_db(Identity.objects.unlink, user_id=user_id, id=identity_id):
            raise NotFound

    async def _claims(self, departure: Departure | None, answer: Answer, *, session_id: str) -> Claims:
        provider = self._provider()
        await limits.require((PROVIDER_BY_NETWORK, network_here()))
        if departure is None or not hmac.compare_digest(departure.state.encode(), answer.state.encode()):
            raise SignInProviderRefused  # another browser's answer, or one that was used before
        if departure.session_id != session_id or time.time() - departure.at > SECONDS:
            raise SignInProviderRefused
        return await provider.claims(answer, state=departure.state)

    def _provider(self) -> OpenIdProvider:
        if self.provider is None:
            raise NotFound
        return self.provider
