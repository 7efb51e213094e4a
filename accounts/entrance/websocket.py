"""WebSocket authentication, by a session cookie or a one-time ticket."""

import logging
import secrets
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host

from accounts import wiring
from accounts.entrance import cookie, second_factor
from accounts.principal import Principal
from dashtam.bridge.doors import database_context
from dashtam.errors import DashtamError, Forbidden, ServiceBusy
from dashtam.processes import server
from dashtam.telemetry import logs
from dashtam.web import measures, problems

logger = logging.getLogger(__name__)
NOT_SIGNED_IN = 4401
REFUSED = "Open it from a page of ours where you are signed in, or with a ticket."


class SignedInOnly:
    """Refuses a WebSocket without a valid session cookie or one-time ticket.

    A browser sends cookies along from any page, so the page's Origin must be ours. Programs send no Origin; for
    them only a ticket counts, which no foreign page can obtain.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        logs.request_id.set(secrets.token_hex(8))
        try:
            measures.check_head(scope)
            _require_room(receive)
            async with database_context():
                principal = await _vouched_for(scope)
            if principal is not None:
                second_factor.require(principal, scope["path"])
        except Exception as exception:  # noqa: BLE001 the outermost frame of a socket that is not open yet
            error = problems.typed(exception)
            problems.log_if_ours(exception, error)
            await _refuse(scope, receive, send, error)
            return
        if principal is None or scope["path"] != "/ws/events":
            logs.event(logger, "live_events.refused")
            await _refuse(scope, receive, send, Forbidden(REFUSED))
            return
        logs.event(logger, "live_events.opened", user_id=str(principal.user_id))
        await self.inner({**scope, "principal": principal}, receive, send)


def _require_room(receive: Any) -> None:
    """Raises ServiceBusy when the server would inflate more than we take, or has no descriptors to spare."""
    if not server.frames_are_bounded(receive):
        raise ServiceBusy("This server was started without its lifespan, so it opens no sockets.")
    if not server.has_room():
        raise ServiceBusy(retry_after=30)


async def _vouched_for(scope: Any) -> Principal | None:
    headers = dict(scope["headers"])
    principal = await _by_ticket(scope)
    if b"origin" not in headers:
        return principal
    if not _from_our_pages(headers):
        return None
    return principal or await _by_cookie(headers)


async def _refuse(scope: Any, receive: Any, send: Any, error: DashtamError) -> None:
    """Answer the handshake with the error, where the server can; else it answers 403 for us."""
    await receive()  # websocket.connect
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": NOT_SIGNED_IN})
        return
    answer = problems.problem(error, logs.request_id.get())
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
    await send({"type": "websocket.http.response.start", "status": answer.status_code, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": answer.content})


def _from_our_pages(headers: dict[bytes, bytes]) -> bool:
    """Compare the Origin with PUBLIC_URL, and with the URL at which a page of an allowed host was asked for."""
    origin = headers.get(b"origin", b"").decode("latin1")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    host = headers.get(b"host", b"").decode("latin1")
    known = validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
    return known and origin == f"{'https' if settings.SESSION_COOKIE_SECURE else 'http'}://{host}"


async def _by_ticket(scope: Any) -> Principal | None:
    tickets = parse_qs(scope["query_string"].decode("latin1")).get("ticket", [])
    return await wiring.ticket_service().principal(tickets[0]) if len(tickets) == 1 else None


async def _by_cookie(headers: dict[bytes, bytes]) -> Principal | None:
    given = parse_cookie(headers.get(b"cookie", b"").decode("latin1")).get(settings.SESSION_COOKIE_NAME)
    if given is None:
        return None
    return await cookie.principal_of(import_module(settings.SESSION_ENGINE).SessionStore(given))
