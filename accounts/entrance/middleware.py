"""Middleware: the principal of a browser request, and refusals while too many wait for a hash."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import resolve

from accounts.entrance import cookie, known_devices
from accounts.principal import Principal
from dashtam.bridge.hashing import check_crowd
from dashtam.errors import ServiceBusy
from dashtam.web import problems
from dashtam.web.middleware import COOKIELESS

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponse]]

NOT_PAGES = (*COOKIELESS, settings.STATIC_URL)
HASHED_FOR_STRANGERS = {"/api/v1/auth/tokens", "/api/v1/auth/users"}


class CrowdMiddleware:
    """Answers 503 to API requests that would wait too long for a hash, before any other work is done for them.

    Of a hundred that come at once, those that are let in would otherwise delay the answers to all others. Pages
    are let through, to show the refusal in their form.
    """

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in HASHED_FOR_STRANGERS and request.method == "POST":
            try:
                check_crowd()
            except ServiceBusy as error:
                request.resolver_match = resolve(request.path)  # for the log and the metrics
                return problems.respond(request, error)
        return await self.get_response(request)


class PrincipalMiddleware:
    """Sets `request.principal` from the session cookie, or None. A cookie whose session has ended is cleared."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: Any) -> HttpResponse:
        request.principal = None
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not request.path.startswith(NOT_PAGES):
            try:
                request.principal = await self._principal(request)
            except Exception as exception:  # noqa: BLE001 Django would answer 500 to any
                error = problems.typed(exception)
                problems.log_if_ours(exception, error)
                return problems.respond(request, error)
        response = await self.get_response(request)
        known_devices.send(request, response)
        return response

    async def _principal(self, request: HttpRequest) -> Principal | None:
        if "sid" not in request.session:
            return None
        principal = await cookie.principal_of(request.session)
        if principal is None:
            request.session.flush()
        return principal
