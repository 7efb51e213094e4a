"""A small awaited cache on the Redis protocol. Without the server everything works, only slower."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import msgspec
from django.conf import settings

from dashtam import absent
from dashtam.bridge.per_loop import PerLoop

with absent("opentelemetry"):  # which redis loads wherever it is installed, to measure itself: 9 MB
    from redis.asyncio import ConnectionPool, Redis
    from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
T = TypeVar("T")

TIMEOUT_SECONDS = 0.5
REST_AFTER_FAILURE_SECONDS = 1.0
CONNECTIONS = 16


class Cache:
    """Typed values under a key, for a while. No method ever raises because the server is away."""

    def __init__(self, *, url: str, prefix: str, timeout: float = TIMEOUT_SECONDS) -> None:
        self.url = url
        self.prefix = prefix
        self.timeout = timeout
        pool = ConnectionPool.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            max_connections=CONNECTIONS,
        )
        self.client = Redis.from_pool(pool)
        # A burst of callers waits here, where the pool would refuse them. Waiting for one's turn in a crowd is no
        # sign that the server is away: it is not timed.
        self.turns = asyncio.Semaphore(CONNECTIONS)
        self.away_until = 0.0
        self.sought: dict[str, asyncio.Event] = {}
        self.found_out = 0

    async def find(self, key: str, type: type[T]) -> T | None:
        """Like `get`, but waits first while another caller in this process is inside `finding_out` for this key."""
        before = self.found_out
        found = await self.get(key, type)
        if found is None and (sought := self.sought.get(key)):
            await sought.wait()
        if found is None and self.found_out != before:
            found = await self.get(key, type)  # the first answer may be from before the value was added
        return found

    @contextmanager
    def finding_out(self, key: str) -> Iterator[None]:
        """Make callers of `find` wait until the end of the block, which should add the value.

        When a value that hundreds of requests use expires, one of them asks the database instead of all.
        """
        sought = asyncio.Event()
        first = self.sought.setdefault(key, sought) is sought
        try:
            yield
        finally:
            if first:
                del self.sought[key]
                self.found_out += 1
                sought.set()

    async def get(self, key: str, type: type[T]) -> T | None:
        """The value, or None when there is none, it does not fit the type, or the server is away."""
        return _decoded(await self._attempt("get", f"{self.prefix}:{key}"), type)

    async def set(self, key: str, value: object, *, seconds: int) -> bool:
        """Keep a value for some seconds. False when the server is away."""
        name = f"{self.prefix}:{key}"
        return await self._attempt("set", name, msgspec.msgpack.encode(value), seconds) is not None

    async def add(self, key: str, value: object, *, seconds: int) -> bool:
        """Keep a value unless the key has one already. False if it has, or when the server is away."""
        name = f"{self.prefix}:{key}"
        return await self._attempt("add", name, msgspec.msgpack.encode(value), seconds) is not None

    async def delete(self, *keys: str) -> bool:
        """Forget values. False when the server is away, so that it may come back still knowing them."""
        return await self._attempt("delete", *(f"{self.prefix}:{key}" for key in keys)) is not None

    async def take(self, key: str, type: type[T]) -> T | None:
        """Get and delete in one step: of many callers, one gets the value. None as for `get`."""
        return _decoded(await self._attempt("getdel", f"{self.prefix}:{key}"), type)

    async def evaluate(self, script: str, keys: Sequence[str], arguments: Sequence[object]) -> object:
        """Run a Lua script atomically. Its keys are whole names, prefix included. None when the server is away."""
        return await self._attempt("eval", script, len(keys), *keys, *arguments)

    async def ping(self) -> bool:
        """Return True if the server answers now, without regard to recent failures."""
        self.away_until = 0.0
        return await self._attempt("ping") is not None

    async def _attempt(self, command: str, *arguments: object) -> object:
        """One command; None when the server is away. After a failure, leave it alone for a second."""
        try:
            async with self.turns:
                if time.monotonic() < self.away_until:
                    return None
                async with asyncio.timeout(self.timeout):
                    if command in {"set", "add"}:
                        name, value, seconds = arguments
                        return await self.client.set(str(name), value, ex=seconds, nx=command == "add")  # type: ignore[arg-type]
                    return await getattr(self.client, command)(*arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self.away_until = time.monotonic() + REST_AFTER_FAILURE_SECONDS
            logger.warning("The cache did not answer (%s); going on without it.", type(error).__name__)
            return None


def _decoded(raw: object, type: type[T]) -> T | None:
    if not isinstance(raw, bytes):
        return None
    try:
        return msgspec.msgpack.decode(raw, type=type)
    except msgspec.MsgspecError:
        return None


_caches = PerLoop(lambda: Cache(url=settings.REDIS_URL, prefix=settings.CACHE_PREFIX))


def cache() -> Cache:
    """The cache of the running event loop: connections belong to the loop that opened them."""
    if _caches.get().url != settings.REDIS_URL:
        _caches.pop()
    return _caches.get()


async def close_cache() -> None:
    """Give up the connections of the running event loop, before the loop itself ends."""
    found = _caches.pop()
    if found is not None:
        await found.client.aclose()
