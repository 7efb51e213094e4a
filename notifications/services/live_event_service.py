"""Live events: sent to the open pages of a person, kept nowhere."""

import asyncio
import logging
import time
from typing import Any
from uuid import UUID

import msgspec
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.5
REST_AFTER_FAILURE_SECONDS = 1.0


def group_of(user_id: UUID) -> str:
    """The Channels group of one person's sockets."""
    return f"user.{user_id.hex}"


class LiveEventService:
    """Publishes events that no page relies on: a page that misses one sees the same in the data."""

    def __init__(self, *, layer: Any) -> None:
        self.layer = layer
        self.away_until = 0.0

    async def publish(self, *, user_id: UUID, type: str, **data: object) -> None:
        """Send an event to each open page of this person. Never raises because the server is away."""
        if time.monotonic() < self.away_until:
            return
        event = msgspec.to_builtins({"type": type, **data})
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self.layer.group_send(group_of(user_id), {"type": "live.event", "event": event})
        except (RedisError, OSError, TimeoutError) as error:
            self.away_until = time.monotonic() + REST_AFTER_FAILURE_SECONDS
            logger.warning(
                "Live events are not going out (%s); pages catch up later.", error.__class__.__name__
            )
