"""The session cookie: signed, and naming a session row, which decides whether it still opens anything."""

from uuid import UUID

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from accounts import wiring
from accounts.devices import Device
from accounts.entrance import known_devices
from accounts.models import Session
from accounts.principal import Principal
from dashtam.web import visitor

BACKEND = "accounts.entrance.backend.SessionOnlyBackend"


def sign_in(request: HttpRequest, session: Session) -> None:
    """Give the browser a new cookie for a session, with its current number, in place of any cookie before.

    Call it again after each fresh proof of identity. The browser is a known device from now on. Also writes
    Django's own keys, for the admin. `alogin` would write them too, and hop threads to stamp last_login.
    """
    user = session.user
    request.session.flush()
    request.session["sid"], request.session["n"] = str(session.id), session.counter
    if user.is_staff:
        request.session[SESSION_KEY] = str(user.pk)
        request.session[BACKEND_SESSION_KEY] = BACKEND
        request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    rotate_token(request)
    known_devices.remember(request, user.email)


def device_of(request: HttpRequest, email: str) -> Device:
    """The browser, as the device that the person with this email address signs in from."""
    known = known_devices.device_of(request, email)
    return Device(Session.Kind.BROWSER, visitor.user_agent(request), visitor.client_ip(request), known)


async def principal_of(session: SessionBase) -> Principal | None:
    """The principal of a cookie; None when its session has ended, or it was replaced by a newer one."""
    try:
        session_id, number = UUID(session["sid"]), int(session.get("n", 0))
    except (KeyError, ValueError):
        return None
    return await wiring.session_service().principal_of_cookie(session_id, number=number)
