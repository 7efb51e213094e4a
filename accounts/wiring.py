"""Builds the services of accounts from the settings."""

from typing import cast
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher, get_hasher

from accounts.models import ApiKey, Session
from accounts.services.api_key_service import ApiKeyService
from accounts.services.auth_service import AuthService
from accounts.services.email_change_service import EmailChangeService
from accounts.services.ended_sessions import EndedSessions
from accounts.services.export_service import ExportService
from accounts.services.jwt_service import JWTService
from accounts.services.leaving_service import LeavingService
from accounts.services.password_service import PasswordService
from accounts.services.reauthentication_service import ReauthenticationService
from accounts.services.second_factors.mfa_service import MfaService
from accounts.services.second_factors.passkey_service import PasskeyService
from accounts.services.second_factors.totp_service import TotpService
from accounts.services.session_service import SessionService
from accounts.services.sign_in_service import SignInService
from accounts.services.throttle_service import GuardService
from dashtam.bridge.per_loop import PerLoop
from dashtam.cache import cache
from dashtam.wiring import encryption_service
from notifications.wiring import live_event_service


def password_service() -> PasswordService:
    """Hashing and judging passwords."""
    return PasswordService(hasher=cast(BCryptSHA256PasswordHasher, get_hasher()))


def jwt_service() -> JWTService:
    """Access tokens. This installation issues them for itself."""
    return JWTService(
        keys=settings.JWT_KEYS,
        issuer=settings.PUBLIC_URL,
        audience=settings.PUBLIC_URL,
        lifetime=settings.ACCESS_TOKEN_SECONDS,
    )


def guard_service() -> GuardService:
    """Limits, and failures in a row."""
    return GuardService()


def session_service() -> SessionService:
    """Which sessions count."""
    return SessionService(cache=cache(), live_events=live_event_service(), ended=ended_sessions())


def ended_sessions() -> EndedSessions:
    """What the running event loop knows of sessions that ended lately."""
    return _ended.get()


def _ended_lately() -> frozenset[UUID]:
    return Session.objects.ended_lately() | ApiKey.objects.ended_lately()


_ended = PerLoop(lambda: EndedSessions(load=_ended_lately))


def api_key_service() -> ApiKeyService:
    """Keys for programs."""
    return ApiKeyService(cache=cache(), ended=ended_sessions(), sessions=session_service())


def email_change_service() -> EmailChangeService:
    """Other addresses."""
    return EmailChangeService(guard=guard_service(), sessions=session_service())


def export_service() -> ExportService:
    """Copies of people's data."""
    return ExportService(encryption=encryption_service())


def leaving_service() -> LeavingService:
    """Leaving, and staying after all."""
    return LeavingService(sessions=session_service())


def auth_service() -> AuthService:
    """Signing up and out, tokens and passwords."""
    return AuthService(
        guard=guard_service(),
        passwords=password_service(),
        jwts=jwt_service(),
        sessions=session_service(),
    )


def sign_in_service() -> SignInService:
    """Signing in."""
    return SignInService(guard=guard_service(), passwords=password_service(), mfa=mfa_service())


def passkey_service() -> PasskeyService:
    """Passkeys, for the address that people reach us at."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return PasskeyService(
        guard=guard_service(), sessions=session_service(), rp_id=host, origin=settings.PUBLIC_URL
    )


def reauthentication_service() -> ReauthenticationService:
    """Proving once more who one is."""
    return ReauthenticationService(
        guard=guard_service(),
        passwords=password_service(),
        sessions=session_service(),
        mfa=mfa_service(),
    )


def totp_service() -> TotpService:
    """Codes of authenticator apps."""
    return TotpService(issuer="Dashtam")


def mfa_service() -> MfaService:
    """Second factors by code."""
    return MfaService(
        guard=guard_service(),
        sessions=session_service(),
        encryption=encryption_service(),
        totp=totp_service(),
    )
