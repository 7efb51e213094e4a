"""The session cookie: signed, and naming a session row. The row decides; the cookie alone opens nothing."""

from uuid import UUID

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from accounts import wiring
from accounts.devices import Device
from accounts.entrance import known_devices
from accounts.models import Session, User
from accounts.principal import Principal
from dashtam.web import visitor

BACKEND = "accounts.entrance.backend.SessionOnlyBackend"


def sign_in(request: HttpRequest, *, session_id: UUID, user: User, number: int = 0) -> None:
    """Give the browser a new cookie for this session, with its current number; it is a known device from now on.

    Whatever cookie it had before is gone.

    Also writes Django's own keys, for the admin. `alogin` would write them too, and hop threads to stamp last_login.
    """
    request.session.flush()
    request.session["sid"], request.session["n"] = str(session_id), number
    if user.is_staff:
        request.session[SESSION_KEY] = str(user.pk)
        request.session[BACKEND_SESSION_KEY] = BACKEND
        request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    rotate_token(request)
    known_devices.remember(request, user.email)


def renew(request: HttpRequest, session: Session) -> None:
    """The new cookie of a session whose person has just proved once more who they are."""
    sign_in(request, session_id=session.id, user=session.user, number=session.counter)


def device_of(request: HttpRequest, email: str) -> Device:
    """The browser that somebody with this address signs in from."""
    known = known_devices.device_of(request, email)
    return Device(Session.Kind.BROWSER, visitor.user_agent(request), visitor.client_ip(request), known)


async def principal_of(session: SessionBase) -> Principal | None:
    """Who a cookie speaks for; None when its session has ended, or it was replaced by a newer one."""
    try:
        session_id, number = UUID(session["sid"]), int(session.get("n", 0))
    except (KeyError, ValueError):
        return None
    return await wiring.session_service().principal_of_cookie(session_id, number=number)
