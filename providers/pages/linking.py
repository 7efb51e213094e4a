"""Linking in the browser: from the catalogue to the institution's authorization endpoint, and back."""

import secrets
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import FORM_METHODS, see_other
from dashtam.errors import DashtamError, NotFound, Unauthorized
from dashtam.web.rendering import rendered
from providers import connectors, wiring
from providers.connections.linking import linkable
from providers.connections.models import AuthorizationRequest
from providers.connectors.base import Connector
from providers.errors import ProviderTakesFiles
from providers.pages.presentation.catalogue import offer, offers


class SignedOut(Unauthorized):
    """The callback needs the session in which the authorization began."""

    code = "signed_out_while_away"
    title = "You are not signed in any more."
    detail = "Nothing was connected. Sign in and start again under Connections, in this same browser."


@require_http_methods(FORM_METHODS)
@signed_in
async def new(request: SignedInRequest) -> HttpResponse:
    """The catalogue; with `?provider=` the page before leaving, whose form leads to the institution."""
    slug, search = request.GET.get("provider", ""), request.GET.get("q", "")[:100]
    if not slug:
        return await rendered(request, "providers/catalogue.html", {"providers": offers(search), "q": search})
    try:
        connector = linkable(slug)
        if request.method == "POST":
            started = await wiring.connection_service().start(
                user_id=request.principal.user_id, provider=slug
            )
            return await _leave(request, started.authorization_url.rpartition("/")[2])
    except ProviderTakesFiles:
        return see_other("import-new")
    except DashtamError as error:
        return await refused(request, error)
    return await _before_leaving(request, connector, request.get_full_path())


@require_http_methods(FORM_METHODS)
@signed_in
async def start(request: SignedInRequest, token: str) -> HttpResponse:
    """The page of a one-time link, made here or by API: names person and institution; its form leads there."""
    try:
        if request.method == "POST":
            return await _leave(request, token)
        link = await wiring.connection_service().pending_link(
            user_id=request.principal.user_id, link_token=token
        )
        return await _before_leaving(
            request, connectors.get(link.provider), request.path, reconnecting=link.reconnecting
        )
    except DashtamError as error:
        return await refused(request, error)


@require_POST
@signed_in
async def reconnect(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Make a one-time link for a connection that exists already, and go to it."""
    try:
        started = await wiring.connection_service().reauthorize(
            user_id=request.principal.user_id, connection_id=id
        )
    except DashtamError as error:
        return await refused(request, error)
    token = started.authorization_url.rpartition("/")[2]
    return see_other(reverse("connection-start", args=[token]))


@require_GET
async def callback(request: Any, slug: str) -> HttpResponse:
    """The redirect URI (RFC 6749 §4.1.2). It always redirects on, so that the code leaves the address bar."""
    try:
        if request.principal is None:
            raise SignedOut
        connection = await wiring.connection_service().complete(
            user_id=request.principal.user_id, provider=slug, **_returned(request)
        )
    except DashtamError as error:
        response = see_other(reverse("connection-failed", args=[type(error).code]))
    else:
        messages.success(request, f"{connectors.get(slug).name} is connected.")
        response = see_other(reverse("connection", args=[connection.id]))
        response.delete_cookie(_cookie(), path="/", samesite="Lax")
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
async def failed(request: Any, code: str) -> HttpResponse:
    """The page of a failed callback, at a URL with nothing but the error's code."""
    return await refused(request, error_called(code)())


def _returned(request: HttpRequest) -> dict[str, str]:
    names = ("state", "code", "iss", "error")
    answer = {name: request.GET.get(name, "") for name in names}
    return answer | {"browser_key": request.COOKIES.get(_cookie(), "")}


async def _before_leaving(
    request: SignedInRequest, connector: Connector, action_url: str, *, reconnecting: bool = False
) -> HttpResponse:
    context = {"provider": offer(connector), "action_url": action_url, "reconnecting": reconnecting}
    may_lead_to(request, connector.oauth.authorization_endpoint)
    return await rendered(request, "providers/connect.html", context)


async def _leave(request: SignedInRequest, token: str) -> HttpResponse:
    """Bind the authorization request to this browser, then redirect to the institution."""
    browser_key = secrets.token_urlsafe(32)
    url = await wiring.connection_service().authorization_redirect(
        user_id=request.principal.user_id, link_token=token, browser_key=browser_key
    )
    response = see_other(url)
    response.set_cookie(
        _cookie(),
        browser_key,
        max_age=AuthorizationRequest.STATE_LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _cookie() -> str:
    return "__Host-link" if settings.SESSION_COOKIE_SECURE else "link"


async def refused(request: Any, error: DashtamError) -> HttpResponse:
    """The page that says why linking did not work, with links to go on."""
    page = await rendered(request, "providers/linking_failed.html", {"error": error}, status=error.status)
    page["Referrer-Policy"] = "no-referrer"
    if error.retry_after is not None:
        page["Retry-After"] = str(error.retry_after)
    return page


def error_called(code: str) -> type[DashtamError]:
    """The class of errors with this code. Raises NotFound."""
    kinds = [DashtamError]
    for kind in kinds:
        if kind.code == code and "code" in vars(kind):
            return kind
        kinds.extend(kind.__subclasses__())
    raise NotFound


def may_lead_to(request: Any, url: str) -> None:
    """Let the forms of the page that answers this request end at another origin.

    Chromium applies form-action to the redirects that follow a form, so `'self'` alone would stop them.
    """
    parts = urlsplit(url)
    request.form_target = f"{parts.scheme}://{parts.netloc}"
