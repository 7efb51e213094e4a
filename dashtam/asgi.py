"""The ASGI application: HTTP on shared database threads, WebSockets through Channels, static files."""

import gc
import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashtam.settings")

import django

django.setup()

from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django import db
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core import signals
from django.core.handlers.asgi import ASGIHandler
from django.urls import get_resolver, path
from servestatic import ServeStaticASGI

from accounts.websocket import SignedInOnly
from dashtam.bridge import database_context
from dashtam.headers import of_a_file
from dashtam.lifespan import lifespan
from notifications.consumers import EventsConsumer

# Their work, per request and through a thread each, is done by the database threads themselves.
signals.request_started.disconnect(db.reset_queries)
signals.request_started.disconnect(db.close_old_connections)
signals.request_finished.disconnect(db.close_old_connections)


class HttpHandler(ASGIHandler):
    """Django's handler without a thread and a database connection of its own for each request."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with database_context():
            await self.handle(scope, _bounded(scope, receive), send)

    def create_request(self, scope: Any, body_file: Any) -> Any:
        """A chunked body (RFC 9112 §7.1) comes without its length, for which the parsers look."""
        if not any(name == b"content-length" for name, _ in scope["headers"]):
            size = body_file.seek(0, os.SEEK_END)
            body_file.seek(0)
            if size:
                scope = {**scope, "headers": [*scope["headers"], (b"content-length", b"%d" % size)]}
        return super().create_request(scope, body_file)


def _bounded(scope: Any, receive: Any) -> Any:
    """Stop reading a body that is larger than anything we accept; RequestMiddleware then refuses it."""
    left = settings.MAX_BODY_BYTES

    async def limited() -> Any:
        nonlocal left
        message = await receive()
        while left < 0 and message["type"] == "http.request":
            message = await receive()  # its end has been reported already: what still comes is dropped
        if message["type"] == "http.request":
            left -= len(message.get("body", b""))
            if left < 0:
                scope["dashtam.too_large"] = True
                return {"type": "http.request", "body": b"", "more_body": False}
        return message

    return limited


def with_static_files(application: Any) -> Any:
    """Serve the apps' own static files from memory-mapped listings, before Django sees the request."""
    served = ServeStaticASGI(
        application, max_age=300, allow_all_origins=False, add_headers_function=of_a_file
    )
    for finder in get_finders():
        for storage in finder.storages.values():  # type: ignore[attr-defined]
            served.add_files(storage.location, prefix=settings.STATIC_URL)
    return served


# Load every view and the channel layer now: the first request would otherwise do it, on the loop, for 0.3 s.
get_resolver().url_patterns  # noqa: B018 asking is what loads them
get_channel_layer()
# A thread that wants the interpreter waits this long for each one that has it. With Python's 5 ms, a burst that
# keeps eight database threads busy held the loop up for 34 to 69 ms; with 1 ms for 30 to 36 ms.
sys.setswitchinterval(0.001)
gc.collect()
gc.freeze()  # what is loaded by now stays; no collection has to walk through it again

websockets = URLRouter([path("ws/events", EventsConsumer.as_asgi())])
application = ProtocolTypeRouter(
    {
        "lifespan": lifespan,
        "http": with_static_files(HttpHandler()),
        "websocket": SignedInOnly(websockets),
    }
)
