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
from accounts.pages.answers import FORM_METHODS, form_page, see_other
from dashtam.errors import DashtamError, NotFound, TooManyRequests, Unauthorized, ValidationFailed
from dashtam.web.rendering import rendered
from providers import connectors, wiring
from providers.connections import queries as connection_queries
from providers.connections.errors import AlreadyConnected
from providers.connections.linking import linkable
from providers.connections.models import AuthorizationRequest
from providers.connections.started import PendingLink, StartedConnection
from providers.connectors.base import Connector
from providers.connectors.contract.errors import CredentialsRefused
from providers.connectors.contract.steps import Ask
from providers.errors import AuthorizationInvalid, ProviderTakesFiles
from providers.pages.answers import answers_form
from providers.pages.presentation.catalogue import offer, offers

MOST_PARAMETERS = 20
WAIT_SECONDS = 5


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
    user_id = request.principal.user_id
    try:
        connector = linkable(slug)
        if request.method == "POST":
            started = await wiring.connection_service().start(user_id=user_id, provider=slug)
            return await _first(request, started)
    except ProviderTakesFiles:
        return see_other("import-new")
    except DashtamError as error:
        return await refused(request, error)
    if "another" not in request.GET and (alike := await connection_queries.alike(user_id, slug)):
        return await rendered(
            request, "providers/connected_already.html", {"provider": offer(connector), "alike": alike}
        )
    return await _before_leaving(request, connector, request.get_full_path())


@require_http_methods(FORM_METHODS)
@signed_in
async def start(request: SignedInRequest, token: str) -> HttpResponse:
    """The page of a one-time link, made here or by API: names person and institution, and takes the next step."""
    service = wiring.connection_service()
    try:
        link = await service.pending_link(
            user_id=request.principal.user_id,
            link_token=token,
            browser_key=request.COOKIES.get(_cookie(), ""),
        )
        connector = connectors.get(link.provider)
        if link.connected:
            return _connected(request, connector, link.connected)
        if link.waiting:
            return await _wait(request, connector, link)
        if link.ask:
            return await _answer(request, connector, link.ask, token, reconnecting=link.reconnecting)
        if request.method == "POST":
            return await _leave(request, token)
        return await _before_leaving(
            request, connector, request.path, reconnecting=link.reconnecting, url=link.url
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
    return _to(started)


@require_GET
async def callback(request: Any, slug: str) -> HttpResponse:
    """The redirect URI (RFC 6749 §4.1.2). It always redirects on, so that the code leaves the address bar."""
    try:
        if request.principal is None:
            raise SignedOut
        connection = await wiring.connection_service().complete(
            user_id=request.principal.user_id, provider=slug, **_returned(request)
        )
    except AlreadyConnected:
        response = see_other(f"{reverse('connection-new')}?provider={slug}")
    except DashtamError as error:
        response = see_other(reverse("connection-failed", args=[type(error).code]))
    else:
        response = _connected(request, connectors.get(slug), connection.id)
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
async def failed(request: Any, code: str) -> HttpResponse:
    """The page of a failed callback, at a URL with nothing but the error's code."""
    return await refused(request, error_called(code)())


def _returned(request: HttpRequest) -> dict[str, str]:
    """The parameters that came back. No page has reason to send many, or one that names something of ours."""
    sent = {name: value for name, value in request.GET.dict().items() if name not in ("user_id", "provider")}
    if len(sent) > MOST_PARAMETERS:
        raise AuthorizationInvalid
    return {"state": ""} | sent | {"browser_key": request.COOKIES.get(_cookie(), "")}


def _to(started: StartedConnection) -> HttpResponse:
    return see_other(reverse("connection-start", args=[_token(started)]))


def _token(started: StartedConnection) -> str:
    return started.authorization_url.rpartition("/")[2]


async def _first(request: SignedInRequest, started: StartedConnection) -> HttpResponse:
    """Leave at once for a page that is known before; else take the first step on the page of the link."""
    connector = connectors.get(started.connection.provider)
    if started.step == "done":
        return _connected(request, connector, started.connection.id)
    return await _leave(request, _token(started)) if connector.auth == "oauth2" else _to(started)


def _connected(request: SignedInRequest, connector: Connector, connection_id: UUID) -> HttpResponse:
    messages.success(request, f"{connector.name} is connected.")
    response = see_other(reverse("connection", args=[connection_id]))
    response.delete_cookie(_cookie(), path="/", samesite="Lax")
    return response


async def _before_leaving(
    request: SignedInRequest,
    connector: Connector,
    action_url: str,
    *,
    reconnecting: bool = False,
    url: str = "",
) -> HttpResponse:
    leads = url or (connector.oauth.authorization_endpoint if connector.auth == "oauth2" else "")
    context = {
        "provider": offer(connector),
        "action_url": action_url,
        "reconnecting": reconnecting,
        "leads": bool(leads),
    }
    if leads:
        may_lead_to(request, leads)
    return await rendered(request, "providers/connect.html", context)


async def _answer(
    request: SignedInRequest, connector: Connector, ask: Ask, token: str, *, reconnecting: bool
) -> HttpResponse:
    """The form of a question; its answers lead to the next step."""
    form = answers_form(ask, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            started = await wiring.connection_service().answer(
                user_id=request.principal.user_id, link_token=token, answers=form.cleaned_data
            )
        except (ValidationFailed, CredentialsRefused, TooManyRequests) as error:
            form.take(error)
        else:
            done = started.step == "done"
            return _connected(request, connector, started.connection.id) if done else _to(started)
    context = {"provider": offer(connector), "reconnecting": reconnecting, "where": ask.where}
    return await form_page(request, "providers/connect_ask.html", form, **context)


async def _wait(request: SignedInRequest, connector: Connector, link: PendingLink) -> HttpResponse:
    """The page that waits while the person is on a page of the institution; it asks for itself again."""
    context = {"provider": offer(connector), "url": link.url}
    response = await rendered(request, "providers/connect_wait.html", context)
    response["Refresh"] = str(WAIT_SECONDS)
    return response


async def _leave(request: SignedInRequest, token: str) -> HttpResponse:
    """Bind the authorization request to this browser, then redirect to the institution."""
    browser_key = secrets.token_urlsafe(32)
    visit = await wiring.connection_service().leave(
        user_id=request.principal.user_id, link_token=token, browser_key=browser_key
    )
    response = see_other(reverse("connection-start", args=[token]) if visit.poll else visit.url)
    response.set_cookie(
        _cookie(),
        browser_key,
        max_age=AuthorizationRequest.POLL_LIFETIME if visit.poll else AuthorizationRequest.STATE_LIFETIME,
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
