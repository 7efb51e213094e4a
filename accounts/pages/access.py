"""Access to pages: decorators for signed-in people and for fresh proofs of identity."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts.errors import ReauthRequired
from accounts.limits import require_change
from accounts.principal import Principal
from dashtam.web.referer import page_before

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request of a signed-in person."""

    principal: Principal
    id: str


def signed_in(
    view: Callable[Concatenate[SignedInRequest, P], Coroutine[Any, Any, HttpResponseBase]],
) -> Callable[..., Coroutine[Any, Any, HttpResponseBase]]:
    """Send strangers to the sign-in page, and back afterwards.

    Changes are counted; one too many is answered by the page of 429.
    """

    @functools.wraps(view)
    async def checked(request: Any, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.principal is None:
            return to_sign_in(request)
        await require_change(request.method, request.principal.session_id)
        return await view(request, *args, **kwargs)

    return checked


def fresh(
    view: Callable[Concatenate[SignedInRequest, P], Coroutine[Any, Any, HttpResponseBase]],
) -> Callable[..., Coroutine[Any, Any, HttpResponseBase]]:
    """Ask for a fresh proof of identity first, if the last one is too old. Includes `signed_in`."""

    @functools.wraps(view)
    async def checked(request: SignedInRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            request.principal.require_fresh()
        except ReauthRequired:
            return to_reauthentication(request)
        return await view(request, *args, **kwargs)

    return signed_in(checked)  # type: ignore[arg-type]


def to_reauthentication(request: HttpRequest) -> HttpResponse:
    """Redirect to the reauthentication page, and back; after a form, whose content is lost, to the page it was on."""
    if request.method in {"GET", "HEAD"}:
        back = request.get_full_path()
    else:
        back = page_before(request) or reverse("settings-security")
        messages.warning(request, "Nothing was done yet. Confirm that it is you, then try again.")
    return HttpResponseRedirect(f"{reverse('reauthenticate')}?{urlencode({'next': back})}")


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in page, and back; after a form, whose content is lost, to the page it was on."""
    if request.method in {"GET", "HEAD"}:
        back = request.get_full_path()
    else:
        back = page_before(request)
        messages.warning(request, "You were signed out, so that was not done. Sign in and try again.")
    query = urlencode({"next": back}) if back else ""
    return HttpResponseRedirect(f"{reverse('sign-in')}?{query}".rstrip("?"))
