"""Pages for signed-in people only."""

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.principal import Principal

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request whose principal is known."""

    principal: Principal
    id: str


def signed_in(
    view: Callable[Concatenate[SignedInRequest, P], Coroutine[Any, Any, HttpResponse]],
) -> Callable[..., Coroutine[Any, Any, HttpResponse]]:
    """Send everybody else to the sign-in page, and back afterwards."""

    @functools.wraps(view)
    async def guarded(request: Any, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.principal is None:
            return to_sign_in(request)
        return await view(request, *args, **kwargs)

    return guarded


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The way to the sign-in page, and back; not to the target of a form, whose content is lost."""
    back = {"next": request.get_full_path()} if request.method in {"GET", "HEAD"} else {}
    return HttpResponseRedirect(f"{reverse('sign-in')}?{urlencode(back)}".rstrip("?"))
