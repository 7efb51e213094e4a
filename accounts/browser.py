"""The session cookie: signed, and naming a session row. The row decides; the cookie alone opens nothing."""

from uuid import UUID

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.middleware.csrf import rotate_token

from accounts import known_devices
from accounts.models import User

BACKEND = "accounts.backend.SessionOnlyBackend"


def sign_in(request: HttpRequest, *, session_id: UUID, user: User) -> None:
    """Give the browser a new cookie for this session; whatever it had before is gone. It is a known device now.

    Also writes Django's own keys, for the admin. `alogin` would write them too, and hop threads to stamp last_login.
    """
    request.session.flush()
    request.session["sid"] = str(session_id)
    if user.is_staff:
        request.session[SESSION_KEY] = str(user.pk)
        request.session[BACKEND_SESSION_KEY] = BACKEND
        request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    rotate_token(request)
    known_devices.remember(request, user.email)


def session_id_of(session: SessionBase) -> UUID | None:
    """The session row that a cookie names."""
    try:
        return UUID(session["sid"])
    except (KeyError, ValueError):
        return None
