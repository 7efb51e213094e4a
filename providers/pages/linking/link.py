"""The pages of a one-time link: a question, a page to leave for, a page that waits; and the way back."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import FORM_METHODS, form_page, see_other
from dashtam.errors import DashtamError, TooManyRequests, Unauthorized, ValidationFailed
from dashtam.web.rendering import rendered
from providers import connectors, wiring
from providers.connections.errors import AlreadyConnected
from providers.connections.started import PendingLink
from providers.connectors.base import Connector
from providers.connectors.contract.errors import CredentialsRefused
from providers.connectors.contract.steps import Ask
from providers.errors import AuthorizationInvalid
from providers.pages.linking.answers import answers_form
from providers.pages.linking.failures import refused
from providers.pages.linking.going import before_leaving, connected, cookie, leave, to_step
from providers.pages.presentation.catalogue import offer

MOST_PARAMETERS = 20
WAIT_SECONDS = 5


class SignedOut(Unauthorized):
    """The callback needs the session in which the authorization began."""

    code = "signed_out_while_away"
    title = "You are not signed in any more."
    detail = "Nothing was connected. Sign in and start again under Connections, in this same browser."


@require_http_methods(FORM_METHODS)
@signed_in
async def start(request: SignedInRequest, token: str) -> HttpResponse:
    """The page of a one-time link, made here or by API: names person and institution, and takes the next step."""
    try:
        link = await wiring.connection_service().pending_link(
            user_id=request.principal.user_id,
            link_token=token,
            browser_key=request.COOKIES.get(cookie(), ""),
        )
        return _over(request, link) or await _step(request, link, token)
    except DashtamError as error:
        return await refused(request, error)


def _over(request: SignedInRequest, link: PendingLink) -> HttpResponse | None:
    """The way on from a link that has come to its end; None where it has not."""
    if link.connected:
        return connected(request, connectors.get(link.provider), link.connected)
    return _after_failure(link.provider, link.failed) if link.failed else None


def _after_failure(provider: str, code: str) -> HttpResponse:
    """The page of a failure, or where a login is connected already, the page that leads to that connection."""
    if code == "already_connected":
        return see_other(f"{reverse('connection-new')}?provider={provider}")
    return see_other(reverse("connection-failed", args=[code]))


async def _step(request: SignedInRequest, link: PendingLink, token: str) -> HttpResponse:
    connector = connectors.get(link.provider)
    if link.waiting:
        return await _wait(request, connector, link)
    if link.ask:
        return await _answer(request, connector, link.ask, token, reconnecting=link.reconnecting)
    if request.method == "POST":
        return await leave(request, token)
    return await before_leaving(
        request, connector, request.path, reconnecting=link.reconnecting, url=link.url, idle=link.idle
    )


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
    if started.step == "done":
        return connected(request, connectors.get(started.connection.provider), started.connection.id)
    return to_step(request, started)


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
        response = _after_failure(slug, type(error).code)
    else:
        response = connected(request, connectors.get(slug), connection.id)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _returned(request: HttpRequest) -> dict[str, str]:
    """The parameters that came back. No page has reason to send many, or one that names something of ours."""
    sent = {name: value for name, value in request.GET.dict().items() if name not in ("user_id", "provider")}
    if len(sent) > MOST_PARAMETERS:
        raise AuthorizationInvalid
    return {"state": ""} | sent | {"browser_key": request.COOKIES.get(cookie(), "")}


async def _answer(
    request: SignedInRequest, connector: Connector, ask: Ask, token: str, *, reconnecting: bool
) -> HttpResponse:
    """The form of a question; its answers lead to the next step."""
    form = answers_form(ask, request.POST if request.method == "POST" else None, request.GET.dict())
    if form.is_valid():
        try:
            started = await wiring.connection_service().answer(
                user_id=request.principal.user_id, link_token=token, answers=form.cleaned_data
            )
        except (ValidationFailed, CredentialsRefused, TooManyRequests) as error:
            form.take(error)
        else:
            done = started.step == "done"
            return connected(request, connector, started.connection.id) if done else to_step(request, started)
    secret = any(field.secret for field in ask.fields)
    context = {
        "provider": offer(connector),
        "reconnecting": reconnecting,
        "where": ask.where,
        "secret": secret,
    }
    return await form_page(request, "providers/connect_ask.html", form, **context)


async def _wait(request: SignedInRequest, connector: Connector, link: PendingLink) -> HttpResponse:
    """The page that waits while the person is on a page of the institution; it asks for itself again."""
    context = {"provider": offer(connector), "url": link.url, "idle": link.idle}
    response = await rendered(request, "providers/connect_wait.html", context)
    response["Refresh"] = str(WAIT_SECONDS)
    return response
