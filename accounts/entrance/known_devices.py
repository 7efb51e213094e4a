"""Known devices: browsers that a person has signed in from, whose tries are not counted with those of strangers.

A cookie of its own says so, for a year after the last sign-in. It is sealed and bound to an email address; it opens
nothing, and tries with it have a limit of their own. Several people may share a browser.
"""

import secrets
import time
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models.user import normalise_email
from dashtam.crypto import sealed_tokens

PEOPLE = 5
SECONDS = 365 * 86_400
_NUMBER = 2**32


def device_of(request: HttpRequest, email: str) -> str:
    """The name of this browser for the person with `email`; empty when they never signed in from it."""
    person = _person(email)
    for sealed in _sealed(request):
        if sealed.id == person and sealed.counter // _NUMBER > time.time() - SECONDS:
            return f"{person} {sealed.counter % _NUMBER}"
    return ""


def remember(request: HttpRequest, email: str) -> None:
    """Make this browser known for the person with `email`. The cookie goes out with the answer, see `send`."""
    person = _person(email)
    others = [sealed for sealed in _sealed(request) if sealed.id != person]
    known = [sealed for sealed in _sealed(request) if sealed.id == person]
    number = known[0].counter % _NUMBER if known else secrets.randbelow(_NUMBER)
    own = sealed_tokens.Sealed(person, int(time.time()) * _NUMBER + number)
    kept = [own, *others][:PEOPLE]
    value = ".".join(sealed_tokens.seal("device", each.id, counter=each.counter) for each in kept)
    request.known_device = value  # type: ignore[attr-defined]


def send(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie, if `remember` was called."""
    value = getattr(request, "known_device", "")
    if value:
        response.set_cookie(
            settings.DEVICE_COOKIE_NAME,
            value,
            max_age=SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def _person(email: str) -> UUID:
    return UUID(bytes=sealed_tokens.digest(f"device of {normalise_email(email)}")[:16])


def _sealed(request: HttpRequest) -> list[sealed_tokens.Sealed]:
    parts = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "").split(".")[:PEOPLE]
    return [sealed for part in parts if (sealed := sealed_tokens.unseal("device", part))]
