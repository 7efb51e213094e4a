"""Who a WebSocket speaks for."""

import logging
import secrets
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host

from accounts import wiring
from accounts.browser import session_id_of
from accounts.principal import Principal
from dashtam import logs
from dashtam.bridge import database_context

logger = logging.getLogger(__name__)
NOT_SIGNED_IN = 4401


class SignedInOnly:
    """Refuses a WebSocket that neither a session cookie nor a one-time ticket vouches for.

    A browser sends cookies along from any page, so the page's Origin must be ours. Programs send no
    Origin; for them only a ticket counts, which no foreign page can get hold of.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        logs.request_id.set(secrets.token_hex(8))
        headers = dict(scope["headers"])
        async with database_context():
            principal = await _by_ticket(scope)
            foreign = b"origin" in headers and not _from_our_pages(headers)
            if principal is None and b"origin" in headers and not foreign:
                principal = await _by_cookie(headers)
        refused = principal is None or foreign or scope["path"] != "/ws/events"
        who = str(principal.user_id) if principal else None
        logs.event(logger, "live_events.refused" if refused else "live_events.opened", user_id=who)
        if refused:
            await receive()  # websocket.connect
            await send({"type": "websocket.close", "code": NOT_SIGNED_IN})
            return
        await self.inner({**scope, "principal": principal}, receive, send)


def _from_our_pages(headers: dict[bytes, bytes]) -> bool:
    """Same scheme, host and port as PUBLIC_URL, or as the address that a page on an allowed host was asked at."""
    origin = headers.get(b"origin", b"").decode("latin1")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    host = headers.get(b"host", b"").decode("latin1")
    known = validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
    return known and origin == f"{'https' if settings.SESSION_COOKIE_SECURE else 'http'}://{host}"


async def _by_ticket(scope: Any) -> Principal | None:
    tickets = parse_qs(scope["query_string"].decode("latin1")).get("ticket", [])
    return await wiring.session_service().principal_of_ticket(tickets[0]) if len(tickets) == 1 else None


async def _by_cookie(headers: dict[bytes, bytes]) -> Principal | None:
    cookie = parse_cookie(headers.get(b"cookie", b"").decode("latin1")).get(settings.SESSION_COOKIE_NAME)
    if cookie is None:
        return None
    session_id = session_id_of(import_module(settings.SESSION_ENGINE).SessionStore(cookie))
    return await wiring.auth_service().principal_of_session(session_id) if session_id else None
