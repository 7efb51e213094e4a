"""The channel layer of live events: Channels' own on Redis, with fewer round trips to the server for each event."""

import asyncio
import logging
import time
from typing import Any

from channels_redis.core import RedisChannelLayer

from dashtam.bridge.per_loop import PerLoop

logger = logging.getLogger(__name__)

AT_ONCE = 256  # events that one command fetches

# KEYS: the group, then one queue for each process with members. ARGV: the moment, the seconds that an event and a
# member last, then message and capacity of each queue. Returns in how many queues there was no room.
SEND = """
local now, event, member, full = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), 0
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - member)
for i = 2, #KEYS do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - event)
  if redis.call('ZCARD', KEYS[i]) < tonumber(ARGV[2 * i + 1]) then
    redis.call('ZADD', KEYS[i], ARGV[1], ARGV[2 * i])
    redis.call('EXPIRE', KEYS[i], event)
  else
    full = full + 1
  end
end
return full
"""

_fetches: PerLoop[dict[str, asyncio.Task[list[bytes]]]] = PerLoop(dict)


class LiveLayer(RedisChannelLayer):
    """Sends with two round trips in place of four, with one if no page listens, and receives all that waits with one.

    Channels' own receives messages one by one, with four round trips each: two thousand events in a row came later
    and later. It expects one server, as Dashtam has.
    """

    async def group_add(self, group: str, channel: str) -> bool:
        """Add a member, or renew it; False for one that was known."""
        key = self._group_key(group)
        async with self.connection(0).pipeline(transaction=False) as pipe:
            pipe.zadd(key, {channel: time.time()})
            pipe.expire(key, self.group_expiry)
            added, _ = await pipe.execute()
        return bool(added)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send a message to all members of a group."""
        key, now, connection = self._group_key(group), time.time(), self.connection(0)
        members = await connection.zrangebyscore(key, now - self.group_expiry, "+inf")
        if not members:
            return
        _, messages, capacities = self._map_channel_keys_to_connection([m.decode() for m in members], message)
        each = [value for queue, content in messages.items() for value in (content, capacities[queue])]
        lasting = (now, int(self.expiry), int(self.group_expiry))
        full = await connection.eval(SEND, 1 + len(messages), key, *messages, *lasting, *each)
        if full:
            logger.info("%d of %d queues of live events are full.", full, len(messages))

    async def receive_single(self, channel: str) -> tuple[Any, dict[str, Any]]:
        """The latest message that was fetched; those before it are put where their receivers look first."""
        if not channel.endswith("!"):
            found: tuple[Any, dict[str, Any]] = await super().receive_single(channel)
            return found
        *before, latest = [self._opened(each, channel) for each in await self._fetched(self.prefix + channel)]
        for names, message in before:
            for name in names if isinstance(names, list) else [names]:
                self.receive_buffer[name].put_nowait(message)
        return latest

    def _opened(self, content: bytes, channel: str) -> tuple[Any, dict[str, Any]]:
        message = self.deserialize(content)
        return message.pop("__asgi_channel__", channel), message

    async def _fetched(self, key: str) -> list[bytes]:
        """All that waits, at least one message.

        The receiver that asks may be cancelled, when its page closes. What was fetched meanwhile is for others too:
        the fetch goes on, and the next receiver gets it.
        """
        fetches = _fetches.get()
        while True:
            fetch = fetches.get(key)
            if fetch is None:
                fetch = fetches[key] = asyncio.get_running_loop().create_task(self._fetch(key))
                fetch.add_done_callback(lambda done: _forget_failed(fetches, key, done))
            found = await asyncio.shield(fetch)
            fetches.pop(key, None)
            if found:
                return found

    async def _fetch(self, key: str) -> list[bytes]:
        connection = self.connection(0)
        waiting = await connection.zpopmin(key, AT_ONCE)
        if waiting:
            return [content for content, _ in waiting]
        first = await connection.bzpopmin(key, timeout=self.brpop_timeout)
        return [first[1]] if first else []


def _forget_failed(
    fetches: dict[str, asyncio.Task[list[bytes]]], key: str, fetch: asyncio.Task[list[bytes]]
) -> None:
    """Have the next receiver fetch anew; those that wait get the error."""
    if fetch.cancelled() or fetch.exception() is not None:
        fetches.pop(key, None)
