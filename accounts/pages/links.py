"""Landing pages of mailed links, whose token leaves the address bar at once.

The first response sets the token aside in the signed session cookie and redirects to the bare URL. So it is in no
Referer, no history and no screenshot, and the page may keep a referrer policy under which browsers send a real
Origin with the form: under `no-referrer` they send `Origin: null`, which CSRF protection refuses.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts.pages.answers import form_page, see_other
from accounts.pages.forms import LinkForm


def set_aside(request: HttpRequest, name: str) -> HttpResponse | None:
    """Set the token aside and redirect to the bare page; None when the URL carries none. Uses nothing up."""
    token = request.GET.get("token")
    if token is None:
        return None
    request.session[name] = token[:200]
    response = see_other(name)
    response["Referrer-Policy"] = "no-referrer"
    return response


async def page(
    request: HttpRequest, name: str, template: str, form: Callable[..., LinkForm], **context: Any
) -> HttpResponse:
    """Render the page with its form, holding the token that was set aside."""
    token = request.session.get(name, "")
    return await form_page(
        request, template, form(initial={"token": token}), link_missing=not token, **context
    )


def forget(request: HttpRequest, name: str) -> None:
    """Drop the token that was set aside."""
    request.session.pop(name, None)
