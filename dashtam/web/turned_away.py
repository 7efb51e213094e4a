"""Refusals of programs while too many wait for a hash, before Django sees the request.

In a crowd that signs in, four of five requests are refused, and each is asked again a few seconds later: what a
refusal costs is missing to the hashes. Django's request, its middleware and its answer cost four times as much as
what is here. The answer is the same, see `tests/dashtam/web/test_s04_turned_away.py`.
"""

import logging
import secrets
import time
from typing import Any

import msgspec
from django.conf import settings

from dashtam.bridge.hashing import hashing_pool
from dashtam.errors import ServiceBusy
from dashtam.telemetry import logs, metrics
from dashtam.web import headers, problems, visitor
from dashtam.web.paths import program_paths

logger = logging.getLogger("dashtam.requests")  # the line is that of any other answer

STATUS = ServiceBusy.status
# Of pages of other sites, CORS wants more headers: Django's way.
NOT_HERE = b"origin"


class TurnedAway:
    """ASGI middleware around everything: answers the requests that would be turned away, and passes on all others."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "POST" and scope["path"] in program_paths.hashed:
            wait = hashing_pool().wait_for_place(stranger=True)
            if wait and not any(name == NOT_HERE for name, _ in scope["headers"]):
                await _refuse(scope, send, wait)
                return
        await self.application(scope, receive, send)


async def _refuse(scope: Any, send: Any, wait: int) -> None:
    """Answer without the body of the request, which the server drops as it comes."""
    started, route = time.perf_counter(), scope["path"]  # a whole path, without parameters
    id_ = secrets.token_hex(8)
    logs.request_id.set(id_)
    metrics.hash_refused()
    content = msgspec.json.encode(problems.content(ServiceBusy(), id_))
    answer = [
        (b"X-Request-Id", id_.encode()),
        (b"Retry-After", b"%d" % wait),
        (b"Content-Length", b"%d" % len(content)),
        *_standing(),
    ]
    await send({"type": "http.response.start", "status": STATUS, "headers": answer})
    await send({"type": "http.response.body", "body": content})
    seconds = time.perf_counter() - started
    metrics.request(route, "POST", STATUS, seconds)
    if logger.isEnabledFor(logging.INFO):
        logs.event(
            logger,
            "request.answered",
            method="POST",
            route=route,
            status=STATUS,
            ms=round(seconds * 1000, 1),
            user_id=None,
            client=visitor.network_of(visitor.ip_of_scope(scope) or ""),
        )


_made: dict[int, list[tuple[bytes, bytes]]] = {}


def _standing() -> list[tuple[bytes, bytes]]:
    """The headers that every such answer has. HSTS is among them also over plain http, where clients ignore it."""
    known = _made.get(settings.SECURE_HSTS_SECONDS)
    if known is None:
        named = {
            "Content-Type": problems.CONTENT_TYPE,
            "Cache-Control": "no-store",
            "vary": "origin",
            **headers.ALWAYS,
            "Content-Security-Policy": headers.NOTHING,
            **headers.transport(),
        }
        known = [(name.encode(), value.encode()) for name, value in named.items()]
        _made[settings.SECURE_HSTS_SECONDS] = known
    return known
