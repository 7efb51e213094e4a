"""Django's browser middleware without its thread hops, and the request's id, log line and headers.

Django runs the hooks of its own middleware through threads under ASGI although, with cookie-backed
sessions and messages, none of them waits for I/O. These subclasses call the same hooks directly.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import markcoroutinefunction
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangoAuthentication
from django.contrib.messages.middleware import MessageMiddleware as DjangoMessages
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSession
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware

from dashtam import errors
from dashtam.telemetry import logs, metrics, traces
from dashtam.telemetry.logs import request_id
from dashtam.web import headers, measures, problems, visitor
from dashtam.web.paths import API, program_paths

logger = logging.getLogger("dashtam.requests")
PAGE_METHODS = ("GET", "HEAD", "POST")
GONE = 499  # what nginx calls a client that did not wait for its answer

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponse]]


class AsyncMiddleware:
    """A middleware that runs on the event loop only; subclasses override `__call__`."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: Any) -> HttpResponseBase:
        return await self.get_response(request)


class RequestMiddleware(AsyncMiddleware):
    """Gives each request its id, refuses foreign hosts, and turns exceptions into typed answers."""

    async def __call__(self, request: Any) -> HttpResponseBase:
        request.id = secrets.token_hex(8)
        request.csp_nonce = secrets.token_urlsafe(16)
        request_id.set(request.id)
        visitor.distrust(request)
        visitor.request_ip.set(visitor.client_ip(request) or "")
        started = time.perf_counter()
        with traces.span("request", "server") as span:
            try:
                response = await self._answer(request)
            except asyncio.CancelledError:
                _log(request, GONE, started)
                raise
            _describe(span, request, response.status_code)
        response["X-Request-Id"] = request.id
        headers.add(request, response)
        bodiless = response.status_code == HttpResponseNotModified.status_code
        if isinstance(response, HttpResponse) and "Content-Length" not in response and not bodiless:
            response["Content-Length"] = str(len(response.content))  # or it would go out in chunks
        _log(request, response.status_code, started)
        return response

    async def _answer(self, request: Any) -> HttpResponseBase:
        try:
            measures.check_head(request.scope)
        except errors.BadRequest as error:
            return problems.respond(request, error)
        try:
            if not program_paths.takes_any_host(request.path):
                request.get_host()
        except DisallowedHost:
            return problems.respond(request, errors.BadRequest(code="bad_host"))
        if _sent_from_elsewhere(request):
            return problems.respond(request, CrossSite())
        if request.scope.get("dashtam.too_large"):
            return problems.respond(request, errors.PayloadTooLarge())
        response = await self._within_the_deadline(request)
        if response.status_code == errors.MethodNotAllowed.status and not getattr(response, "content", None):
            return problems.not_taken(request, response["Allow"])  # Django's own has no words
        return response

    async def _within_the_deadline(self, request: Any) -> HttpResponseBase:
        """Cancel the request at REQUEST_SECONDS, in the middle of any wait, and answer 503."""
        try:
            async with asyncio.timeout(settings.REQUEST_SECONDS) as deadline:
                return await self.get_response(request)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            late = errors.ServiceBusy(code="deadline_exceeded")
            problems.log_if_ours(error, late)
            return problems.respond(request, late)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse:
        error = problems.typed(exception)
        problems.log_if_ours(exception, error)
        return problems.respond(request, error)


class CrossSite(errors.Forbidden):
    """Another site's page tried to change something here."""

    code = "cross_site"
    title = "That came from another site."
    detail = "Nothing was changed. Open Dashtam itself and do it there."


def _sent_from_elsewhere(request: HttpRequest) -> bool:
    """Return True if the browser says that another site's page asked for this change (Fetch Metadata)."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return False
    foreign = request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}
    invited = request.path.startswith(API) and request.headers.get("Origin") in settings.CORS_ALLOWED_ORIGINS
    return foreign and not invited


def _log(request: Any, status: int, started: float) -> None:
    """One line for each request. Never the address itself, which may hold a token."""
    metrics.request(logs.route(request), request.method, status, time.perf_counter() - started)
    if logger.isEnabledFor(logging.INFO):
        who = getattr(request, "principal", None)
        logs.event(
            logger,
            "request.answered",
            method=request.method,
            route=logs.route(request),
            status=status,
            ms=round((time.perf_counter() - started) * 1000, 1),
            user_id=str(who.user_id) if who else None,
            client=visitor.network_of(visitor.request_ip.get()),
        )


def _describe(span: traces.Span, request: Any, status: int) -> None:
    """Give the span of a request its pattern, which is known only once Django has found its view."""
    route, method = logs.route(request), request.method if request.method in metrics.METHODS else "_OTHER"
    span.name(f"{method} {route}")
    span.note(
        {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "dashtam.request_id": request.id,
        }
    )
    if status >= 500:
        span.failed(str(status))


class _ForPages:
    """Calls a middleware's own process_request and process_response on the loop, where there may be cookies.

    An API request authenticates by its header alone; four idle middlewares took a tenth of its time.
    """

    get_response: Any

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        if program_paths.without_cookies(request.path):
            found: HttpResponseBase = await self.get_response(request)
            return found
        before = getattr(self, "process_request", None)
        after = getattr(self, "process_response", None)
        response: HttpResponseBase | None = before(request) if before else None
        response = response or await self.get_response(request)
        return after(request, response) if after else response


class HttpsRequired(errors.Forbidden):
    """A refusal instead of a redirect, which would hide that a token was just sent in the clear (ASVS 4.1.2)."""

    code = "https_required"
    title = "Use https."
    detail = (
        "What was sent has travelled unprotected: end that session, and send nothing over plain http again."
    )


class TransportSecurityMiddleware(SecurityMiddleware):
    """Redirects pages to https and refuses programs, where PUBLIC_URL is https. `headers.add` adds the headers."""

    get_response: Any

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]
        if self.redirect and not request.is_secure():
            if request.path.startswith(API):
                return problems.respond(request, HttpsRequired())
            if program_paths.is_probe(request.path):
                return None  # asked from inside, past the proxy
        return super().process_request(request)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        return self.process_request(request) or await self.get_response(request)


class SessionMiddleware(_ForPages, DjangoSession):
    """The signed session cookie; the session itself is a row of ours that the cookie names."""


class CsrfMiddleware(_ForPages, CsrfViewMiddleware):
    """CSRF protection for every form, which is measured first; the API authenticates by header and is exempt."""

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "POST" and not program_paths.without_cookies(request.path):
            try:
                await measures.load_form(request)
            except Exception as exception:  # noqa: BLE001 Django would answer 500 to any
                error = problems.typed(exception)
                problems.log_if_ours(exception, error)
                return problems.respond(request, error)
        return await super().__acall__(request)

    async def process_view(self, request: Any, callback: Any, args: Any, kwargs: Any) -> HttpResponse | None:  # type: ignore[override]
        exempt = getattr(callback, "csrf_exempt", False)
        if not exempt and request.method not in PAGE_METHODS:
            return problems.not_taken(request, ", ".join(PAGE_METHODS))
        return super().process_view(request, callback, args, kwargs)


class AuthenticationMiddleware(_ForPages, DjangoAuthentication):
    """`request.user` for the admin; pages and API use `request.principal`."""


class MessageMiddleware(_ForPages, DjangoMessages):
    """One-time messages in a signed cookie, see MessageCookie."""


class MessageCookie(CookieStorage):
    """Django's, bound to the host (RFC 6265bis §4.1.3.2) where PUBLIC_URL is https."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cookie_name = "__Host-messages" if settings.SESSION_COOKIE_SECURE else "messages"


def page_context(request: Any) -> dict[str, Any]:
    """Context processor: the variables that every template may use. In the admin `user` stays Django's."""
    context: dict[str, Any] = {
        "request_id": getattr(request, "id", ""),
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "sign_in_provider": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "outbox": f"{settings.HOME.name}/outbox" if settings.EMAIL_PROVIDER == "outbox" else "",
    }
    if not request.path.startswith("/admin/"):
        context["user"] = getattr(request, "principal", None)
    return context
