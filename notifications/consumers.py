"""Live events on a WebSocket (RFC 6455)."""

import asyncio
import logging
import time
from collections import Counter
from contextlib import suppress
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from channels.consumer import AsyncConsumer, get_handler_name
from channels.exceptions import StopConsumer
from redis.exceptions import RedisError

from dashtam.processes.server import LARGEST_FRAME
from dashtam.telemetry import metrics
from notifications.services.live_event_service import TIMEOUT_SECONDS, group_of

logger = logging.getLogger(__name__)

# RFC 6455 §7.4.1, and 4000–4999 for our own.
TOO_BIG = 1009
TRY_AGAIN_LATER = 1013
SIGNED_OUT = 4401
TOO_MANY_SOCKETS = 4429

SOCKETS_PER_PERSON = 20  # in one process
# A page then connects anew. Channels drops members of a group after a day, and silently.
LONGEST_SECONDS = 12 * 3600.0
RENEW_SECONDS = 30.0


class EventsConsumer(AsyncConsumer):
    """Sends a signed-in page the events of its person, until its session ends.

    `scope["principal"]` alone decides which person that is; nothing the page sends changes it.
    """

    _open: ClassVar[Counter[UUID]] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket."""
        self.principal = scope.get("principal")
        if self.principal is None:
            await send({"type": "websocket.close", "code": SIGNED_OUT})
            return
        self._open[self.principal.user_id] += 1
        try:
            with metrics.SOCKETS:
                await self._serve(scope, receive, send)
        finally:
            self._open[self.principal.user_id] -= 1
            if not self._open[self.principal.user_id]:
                del self._open[self.principal.user_id]

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        session_seconds = self.principal.expires_at - time.time()
        self.accepted = self.joined = False
        try:
            async with asyncio.timeout(min(session_seconds, LONGEST_SECONDS)) as lifetime:
                renewing = asyncio.get_running_loop().create_task(self._renew_for_ever())
                try:
                    await super().__call__(scope, receive, send)
                finally:
                    renewing.cancel()
        except (RedisError, OSError, TimeoutError) as error:
            if not lifetime.expired():
                logger.warning("A page lost its live events (%s).", error.__class__.__name__)
            ended = lifetime.expired() and session_seconds <= LONGEST_SECONDS
            await self._close(SIGNED_OUT if ended else TRY_AGAIN_LATER)
        finally:
            await self._leave()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handle a message without the database thread that Channels visits before each: nothing here needs one."""
        await getattr(self, get_handler_name(message))(message)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        """Join the person's group, then let the page in, so that it misses nothing."""
        if self._open[self.principal.user_id] > SOCKETS_PER_PERSON:
            await self._stop(TOO_MANY_SOCKETS)
        await self._join()
        self.joined = True
        await self._accept()

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """Answer a ping, ignore anything else, and close when a frame is too big."""
        frame = message.get("text") or message.get("bytes") or ""
        if len(frame) > LARGEST_FRAME:
            await self._stop(TOO_BIG)
        if _is_ping(frame):
            await self._renew()
            await self._send_event({"type": "pong"})

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """End: the page has gone."""
        raise StopConsumer

    async def live_event(self, message: dict[str, Any]) -> None:
        """Pass on an event that LiveEventService published for this person."""
        event = message["event"]
        if event["type"] == "session.ended" and event.get("session_id") == str(self.principal.session_id):
            await self._stop(SIGNED_OUT)
        await self._send_event(event)

    async def _join(self) -> bool:
        """Join the person's group. False if this socket was a member already."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return bool(
                await self.channel_layer.group_add(group_of(self.principal.user_id), self.channel_name)
            )

    async def _renew(self) -> None:
        """Join again where the server has forgotten this socket, and tell the page that it may have missed events."""
        with suppress(
            RedisError, OSError, TimeoutError
        ):  # while it is away, the waiting for events ends by itself
            if await self._join():
                await self._send_event({"type": "events.missed"})

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if self.joined:
                await self._renew()

    async def _send_event(self, event: dict[str, Any]) -> None:
        await self.send({"type": "websocket.send", "text": msgspec.json.encode(event).decode()})

    async def _accept(self) -> None:
        if not self.accepted:
            self.accepted = True
            await self.send({"type": "websocket.accept"})

    async def _stop(self, code: int) -> None:
        await self._close(code)
        raise StopConsumer

    async def _close(self, code: int) -> None:
        """Close with a code that the page can read: before it is accepted, browsers hide the reason."""
        with suppress(OSError, RuntimeError):  # it has gone already
            await self._accept()
            await self.send({"type": "websocket.close", "code": code})

    async def _leave(self) -> None:
        if not self.joined:
            return
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self.channel_layer.group_discard(group_of(self.principal.user_id), self.channel_name)


def _is_ping(frame: str | bytes) -> bool:
    try:
        content = msgspec.json.decode(frame)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("type") == "ping"
