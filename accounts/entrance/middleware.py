"""Middleware: the principal of a browser request, and refusals while too many wait for a hash."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import resolve, reverse

from accounts.entrance import cookie, known_devices, second_factor
from accounts.errors import SecondFactorMissing
from accounts.principal import Principal
from dashtam.bridge.hashing import check_crowd
from dashtam.errors import ServiceBusy
from dashtam.web import problems
from dashtam.web.middleware import AsyncMiddleware
from dashtam.web.paths import program_paths


class CrowdMiddleware(AsyncMiddleware):
    """Turns programs away that would wait too long for a hash, where `TurnedAway` has not done so already.

    Of a hundred that come at once, those that are let in would otherwise delay the answers to all others. Pages
    are let through, to show the refusal in their form.
    """

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and request.path in program_paths.hashed:
            try:
                check_crowd()
            except ServiceBusy as error:
                request.resolver_match = resolve(request.path)  # for the log and the metrics
                return problems.respond(request, error)
        return await self.get_response(request)


class PrincipalMiddleware(AsyncMiddleware):
    """Sets `request.principal` from the session cookie, or None. A cookie whose session has ended is cleared.

    Staff without a second factor are sent to set one up, or to show it.
    """

    async def __call__(self, request: Any) -> HttpResponse:
        request.principal = None
        if settings.SESSION_COOKIE_NAME in request.COOKIES and _reads_cookies(request.path):
            try:
                request.principal = await self._principal(request)
                if request.principal is not None:
                    second_factor.require(request.principal, request.path)
            except SecondFactorMissing:
                return HttpResponseRedirect(reverse("settings-security"))  # which says what is missing
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


def _reads_cookies(path: str) -> bool:
    return not (program_paths.without_cookies(path) or path.startswith(settings.STATIC_URL))
