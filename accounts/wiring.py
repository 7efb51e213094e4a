"""Builds the services of accounts from the settings."""

import functools
from typing import cast
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher, get_hasher

from accounts.models import ApiKey, Session
from accounts.oidc.provider import Client, OpenIdProvider
from accounts.services.api_key_service import ApiKeyService
from accounts.services.auth_service import AuthService
from accounts.services.base_currency_service import BaseCurrencyService
from accounts.services.email_change_service import EmailChangeService
from accounts.services.export_service import ExportService
from accounts.services.identity_service import IdentityService
from accounts.services.invitation_service import InvitationService
from accounts.services.jwt_service import JWTService
from accounts.services.leaving_service import ERASERS, LeavingService
from accounts.services.mailed_link_service import MailedLinkService
from accounts.services.password_change_service import PasswordChangeService
from accounts.services.password_service import PasswordService
from accounts.services.reauthentication_service import ReauthenticationService
from accounts.services.second_factors.passkey_service import PasskeyService
from accounts.services.second_factors.second_factor_service import SecondFactorService
from accounts.services.second_factors.totp_service import TotpService
from accounts.services.sessions.ended_sessions import EndedSessions
from accounts.services.sessions.session_service import SessionService
from accounts.services.sessions.ticket_service import TicketService
from accounts.services.throttle_service import ThrottleService
from dashtam.bridge.per_loop import PerLoop
from dashtam.cache import cache
from dashtam.wiring import encryption_service
from notifications.wiring import live_event_service


def base_currency_service() -> BaseCurrencyService:
    """Proposes the currency of totals."""
    return BaseCurrencyService(sessions=session_service())


def password_service() -> PasswordService:
    """Hashing passwords and checking their strength."""
    return PasswordService(hasher=cast(BCryptSHA256PasswordHasher, get_hasher()))


def jwt_service() -> JWTService:
    """Access tokens, which this installation issues for itself."""
    return JWTService(
        keys=settings.JWT_KEYS,
        issuer=settings.PUBLIC_URL,
        audience=settings.PUBLIC_URL,
        lifetime=settings.ACCESS_TOKEN_SECONDS,
    )


def throttle_service() -> ThrottleService:
    """Rate limits, and failures in a row."""
    return ThrottleService()


def session_service() -> SessionService:
    """Sessions and their principals."""
    return SessionService(cache=cache(), live_events=live_event_service(), ended=ended_sessions())


def ended_sessions() -> EndedSessions:
    """The sessions and keys that ended lately, as the running event loop knows them."""
    return _ended.get()


def _ended_lately() -> frozenset[UUID]:
    return Session.objects.ended_lately() | ApiKey.objects.ended_lately()


_ended = PerLoop(lambda: EndedSessions(load=_ended_lately))


def api_key_service() -> ApiKeyService:
    """Keys for programs."""
    return ApiKeyService(cache=cache(), ended=ended_sessions(), sessions=session_service())


def ticket_service() -> TicketService:
    """Tickets for WebSockets."""
    return TicketService(cache=cache(), sessions=session_service(), api_keys=api_key_service())


def email_change_service() -> EmailChangeService:
    """Changes of email addresses."""
    return EmailChangeService(sessions=session_service(), links=mailed_link_service())


def export_service() -> ExportService:
    """Exports of people's data."""
    return ExportService(encryption=encryption_service())


def invitation_service() -> InvitationService:
    """Invitations."""
    return InvitationService(
        links=mailed_link_service(),
        throttle=throttle_service(),
        passwords=password_service(),
        sign_up=settings.SIGN_UP,
    )


def identity_service() -> IdentityService:
    """Signing in through the sign-in provider, if there is one."""
    return IdentityService(provider=sign_in_provider(), auth=auth_service())


def sign_in_provider() -> OpenIdProvider | None:
    """The provider that OIDC_ISSUER names."""
    return _provider(_oidc_client())


def _oidc_client() -> Client | None:
    if not settings.OIDC_ISSUER:
        return None
    return Client(
        issuer=settings.OIDC_ISSUER,
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        redirect_uri=f"{settings.PUBLIC_URL}/sign-in/provider/callback",
    )


@functools.lru_cache(maxsize=4)
def _provider(client: Client | None) -> OpenIdProvider | None:
    """Keep what was read of it."""
    return OpenIdProvider(client) if client else None


def leaving_service() -> LeavingService:
    """Leaving: beginning, taking back, erasing."""
    return LeavingService(sessions=session_service(), erasers=ERASERS)


def auth_service() -> AuthService:
    """Signing up, in and out, and tokens."""
    return AuthService(
        throttle=throttle_service(),
        passwords=password_service(),
        second_factors=second_factor_service(),
        jwts=jwt_service(),
        sessions=session_service(),
        links=mailed_link_service(),
    )


def mailed_link_service() -> MailedLinkService:
    """Links in mails."""
    return MailedLinkService(throttle=throttle_service())


def password_change_service() -> PasswordChangeService:
    """New passwords."""
    return PasswordChangeService(
        throttle=throttle_service(),
        passwords=password_service(),
        sessions=session_service(),
        links=mailed_link_service(),
    )


def passkey_service() -> PasskeyService:
    """Passkeys, bound to the host of PUBLIC_URL."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return PasskeyService(
        throttle=throttle_service(), sessions=session_service(), rp_id=host, origin=settings.PUBLIC_URL
    )


def reauthentication_service() -> ReauthenticationService:
    """Fresh proofs of identity."""
    return ReauthenticationService(
        throttle=throttle_service(),
        passwords=password_service(),
        sessions=session_service(),
        second_factors=second_factor_service(),
    )


def totp_service() -> TotpService:
    """Codes of authenticator apps."""
    return TotpService(issuer="Dashtam")


def second_factor_service() -> SecondFactorService:
    """Second factors by code."""
    return SecondFactorService(
        throttle=throttle_service(),
        sessions=session_service(),
        encryption=encryption_service(),
        totp=totp_service(),
    )
