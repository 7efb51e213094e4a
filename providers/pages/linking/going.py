"""Answers that lead a browser on: to a step, to the institution, to the connection that has come of it."""

import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse

from accounts.pages.access import SignedInRequest
from accounts.pages.answers import see_other
from dashtam.web.rendering import rendered
from providers import wiring
from providers.connections.models import AuthorizationRequest
from providers.connections.started import StartedConnection
from providers.connectors.base import Connector
from providers.pages.presentation.catalogue import offer

TOLD = "told"
PROPOSED = ("country", "bank")  # parameters that a form takes as proposals; nothing secret is among them


def to_step(request: SignedInRequest, started: StartedConnection, *, told: bool = False) -> HttpResponse:
    """The page of the next step; what the person has shown that they want goes along.

    `told`: they have read who gets what, and need not read it again before they leave.
    """
    wanted = {name: request.GET[name][:200] for name in PROPOSED if name in request.GET}
    wanted |= {TOLD: "1"} if told or TOLD in request.GET else {}
    page = reverse("connection-start", args=[token_of(started)])
    return see_other(f"{page}?{urlencode(wanted)}" if wanted else page)


def token_of(started: StartedConnection) -> str:
    """The token of the one-time link."""
    return started.authorization_url.rpartition("/")[2]


def connected(request: SignedInRequest, connector: Connector, connection_id: UUID) -> HttpResponse:
    """The page of the connection, with the good news."""
    messages.success(request, f"{connector.name} is connected.")
    response = see_other(reverse("connection", args=[connection_id]))
    response.delete_cookie(cookie(), path="/", samesite="Lax")
    return response


async def before_leaving(
    request: SignedInRequest,
    connector: Connector,
    action_url: str,
    *,
    reconnecting: bool = False,
    url: str = "",
    idle: bool = False,
) -> HttpResponse:
    """The page that says who gets what, before the first step or before the browser leaves."""
    leads = url or (connector.oauth.authorization_endpoint if connector.auth == "oauth2" else "")
    context = {
        "provider": offer(connector),
        "action_url": action_url,
        "reconnecting": reconnecting,
        "leads": bool(leads),
        "idle": idle,
    }
    if leads:
        may_lead_to(request, leads)
    short = url and (TOLD in request.GET or idle)
    return await rendered(request, f"providers/connect{'_on' if short else ''}.html", context)


async def leave(request: SignedInRequest, token: str) -> HttpResponse:
    """Bind the authorization request to this browser, then redirect to the institution."""
    browser_key = secrets.token_urlsafe(32)
    visit = await wiring.connection_service().leave(
        user_id=request.principal.user_id, link_token=token, browser_key=browser_key
    )
    waiting = reverse("connection-start", args=[token])
    waiting = request.get_full_path() if request.path == waiting else waiting
    response = see_other(waiting if visit.poll else visit.url)
    response.set_cookie(
        cookie(),
        browser_key,
        max_age=AuthorizationRequest.POLL_LIFETIME if visit.poll else AuthorizationRequest.STATE_LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def cookie() -> str:
    """The cookie of the browser that has left for an institution."""
    return "__Host-link" if settings.SESSION_COOKIE_SECURE else "link"


def may_lead_to(request: Any, url: str) -> None:
    """Let the forms of the page that answers this request end at another origin.

    Chromium applies form-action to the redirects that follow a form, so `'self'` alone would stop them.
    """
    parts = urlsplit(url)
    request.form_target = f"{parts.scheme}://{parts.netloc}"
