"""Django's ASGI handler, without what it costs: no thread, no connection and no task of its own per request."""

import asyncio
import contextlib
import os
from types import TracebackType
from typing import Any

from django import db
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix, set_urlconf

from dashtam.bridge.doors import database_context
from dashtam.web import body_hash, strangers
from dashtam.web.paths import program_paths

# Under a crowd of hundreds an answer takes about half of this: watching them all would slow them down.
QUICK_SECONDS = 1.0

# Their work, per request and through a thread each, is done by the database threads themselves.
signals.request_started.disconnect(db.reset_queries)
signals.request_started.disconnect(db.close_old_connections)
signals.request_finished.disconnect(db.close_old_connections)


class HttpHandler(ASGIHandler):
    """Serves a request in the task that the server made for it, on the shared database threads.

    Django's own handler makes a thread for each request, opens a database connection in it, watches for the
    client's hanging up with two more tasks, and closes each response on a thread. Our answers take a few
    milliseconds: a client that hangs up meanwhile is noticed when we write. Only a slower answer is watched, and
    cancelled when its client has gone.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with database_context():
            await self.handle(scope, _bounded(scope, receive), send)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Read, answer, send. When the client hangs up, the work for it is cancelled."""
        try:
            async with asyncio.timeout(settings.REQUEST_SECONDS):
                body_file = await self.read_body(receive)
            with contextlib.closing(body_file), _CancelledOnDisconnect(receive):
                set_script_prefix(get_script_prefix(scope))
                await signals.request_started.asend(sender=self.__class__, scope=scope)
                request, refusal = self.create_request(scope, body_file)
                response = refusal or await strangers.in_turn(request, self.run_get_response)
                await self._send(response, send)
        except (RequestAborted, TimeoutError):
            pass  # no complete request, or the client has gone

    async def get_response_async(self, request: Any) -> HttpResponseBase:
        """As Django's, but for the line it logs of each refusal, on a thread: RequestMiddleware has logged it."""
        set_urlconf(settings.ROOT_URLCONF)
        response: HttpResponseBase = await self._middleware_chain(request)  # type: ignore[attr-defined]
        response._resource_closers.append(request.close)  # type: ignore[attr-defined]  # noqa: SLF001 as Django does
        return response

    async def _send(self, response: HttpResponseBase, send: Any) -> None:
        try:
            await self.send_response(response, send)
        finally:
            response.close()  # tells the signal's receivers, all of which only compute

    def create_request(self, scope: Any, body_file: Any) -> Any:
        """A chunked body (RFC 9112 §7.1) comes without its length, for which the parsers look."""
        if not any(name == b"content-length" for name, _ in scope["headers"]):
            size = body_file.seek(0, os.SEEK_END)
            body_file.seek(0)
            if size:
                scope = {**scope, "headers": [*scope["headers"], (b"content-length", b"%d" % size)]}
        return super().create_request(scope, body_file)


class _CancelledOnDisconnect:
    """Raises RequestAborted in the body of `with` when the client hangs up, asked from QUICK_SECONDS on."""

    def __init__(self, receive: Any) -> None:
        self.receive = receive
        self.gone = False
        self.watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self.answering = asyncio.current_task(loop)
        self.timer = loop.call_later(QUICK_SECONDS, self._start, loop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.timer.cancel()
        if self.watcher is not None:
            self.watcher.cancel()
        if self.gone and kind is asyncio.CancelledError and self.answering is not None:
            self.answering.uncancel()
            raise RequestAborted from None

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self.watcher = loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self.answering is not None:
            self.answering.cancel()


def _bounded(scope: Any, receive: Any) -> Any:
    """Stop reading a body that is larger than this address accepts; RequestMiddleware then refuses it."""
    files = program_paths.takes_files(scope["path"])
    left = settings.MAX_BODY_BYTES if files else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    hashed = body_hash.begin(scope)

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
            if hashed is not None:
                hashed.update(message.get("body", b""))
        return message

    return limited
