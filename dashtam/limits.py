"""Rate limits and concurrency limits, counted over all processes at once.

    await limits.require((SIGN_IN_ADDRESS, prefix), (SIGN_IN_ACCOUNT, email))   # one from each, or from none
    async with limits.concurrent("export", user_id, at_most=1, seconds=120): …  # so many at a time

Every process also keeps count for itself and asks itself first: what this process alone has used up needs
no question to the server, and when the server is away, hangs or was emptied, the same numbers hold here.
"""

import math
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from dashtam.cache import cache
from dashtam.crypto.sealed_tokens import digest
from dashtam.errors import TooManyRequests
from dashtam.telemetry import metrics


@dataclass(frozen=True, slots=True)
class Limit:
    """`times` at once, and after that one each `seconds / times`: the generic cell rate algorithm."""

    name: str
    times: int
    seconds: float
    told: bool = (
        False  # whether clients are told how much is left; not where that would tell of somebody else
    )

    @property
    def policy(self) -> str:
        """As RateLimit-Policy says it (draft-ietf-httpapi-ratelimit-headers)."""
        return f'"{self.name}";q={self.times};w={round(self.seconds)}'

    def state(self, full_in: float) -> str:
        """As RateLimit says it, when all of it is back in `full_in` seconds."""
        left = max(0, math.floor((self.seconds - full_in) / self.interval + 1e-6))
        return f'"{self.name}";r={left};t={math.ceil(full_in)}'

    @property
    def interval(self) -> float:
        """Seconds until one comes back."""
        return self.seconds / self.times


Take = tuple[Limit, object]

# What the request being served counted towards: each limit that is told, with the seconds until all of it is back.
told: ContextVar[dict[Limit, float] | None] = ContextVar("told", default=None)

# KEYS: one for each limit, holding the moment at which all of it is back. ARGV: interval and seconds of each.
# Microseconds of the server's own clock, which all processes share. A clock set back prolongs no wait.
# Returns how long to wait or, when one was taken from each, a list of how long until all of each is back.
TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local back, wait = {}, 0
for i, key in ipairs(KEYS) do
  local interval, span = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local known = tonumber(redis.call('GET', key) or now)
  back[i] = math.min(math.max(known, now), now + span) + interval
  wait = math.max(wait, math.ceil(back[i] - now - span))
end
if wait > 0 then return wait end
local left = {}
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', back[i]), 'PX', math.ceil((back[i] - now) / 1000))
  left[i] = back[i] - now
end
return left
"""

# ARGV: how much of each to undo, in microseconds, or `all`.
UNDO = """
for i, key in ipairs(KEYS) do
  if ARGV[i] == 'all' then
    redis.call('DEL', key)
  else
    local known = redis.call('GET', key)
    if known then redis.call('SET', key, string.format('%.0f', known - ARGV[i]), 'KEEPTTL') end
  end
end
return 0
"""

# One sorted set of who is at work, by the moment at which they count as lost.
ENTER = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
LEAVE = "return redis.call('ZREM', KEYS[1], ARGV[1])"

BUSY = "This is already under way for you. Wait until it is done, then try again."

ENTRIES = 65_536  # about 12 MB

SWEEP_SECONDS = 1.0


class Buckets:
    """Token buckets of this process: the monotonic time at which each is full again. A full one has no entry."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self.entries = entries
        self.full_at: dict[str, float] = {}
        self.swept_at = 0.0

    def take(self, names: Sequence[str], rates: Sequence[tuple[float, float]]) -> float:
        """Take one from each and return 0, or from none and return the seconds to wait.

        `rates` holds, for each bucket, the seconds until one comes back and until all of it is back.
        """
        now = time.monotonic()
        after = [
            max(self.full_at.get(name, now), now) + rate[0] for name, rate in zip(names, rates, strict=True)
        ]
        wait = max(full - now - rate[1] for full, rate in zip(after, rates, strict=True))
        if wait > 1e-6:
            return wait
        self._make_room(now, len(names))
        for name, full in zip(names, after, strict=True):
            if name in self.full_at or len(self.full_at) < self.entries:
                self.full_at[name] = full
        return 0.0

    def give_back(self, names: Sequence[str], intervals: Sequence[float]) -> None:
        """Undo one take."""
        for name, interval in zip(names, intervals, strict=True):
            if name in self.full_at:
                self.full_at[name] -= interval

    def clear(self, names: Sequence[str]) -> None:
        """Undo all takes."""
        for name in names:
            self.full_at.pop(name, None)

    def full_in(self, name: str) -> float:
        """Seconds until all of it is back."""
        return max(0.0, self.full_at.get(name, 0.0) - time.monotonic())

    def remembers(self, names: Sequence[str]) -> bool:
        """Return True if all of them are counted here; one that found no room must not pass for unused."""
        return all(name in self.full_at for name in names)

    def _make_room(self, now: float, wanted: int) -> None:
        """Drop full buckets; at most once a second, for it looks at all of them."""
        if len(self.full_at) + wanted > self.entries and now - self.swept_at > SWEEP_SECONDS:
            self.swept_at = now
            self.full_at = {name: full for name, full in self.full_at.items() if full > now}


class Slots:
    """Concurrency slots of this process: the number in use by name."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    def enter(self, place: str, at_most: int) -> bool:
        """Take a place. False when all are taken."""
        if self.taken[place] >= at_most:
            return False
        self.taken[place] += 1
        return True

    def leave(self, place: str) -> None:
        """Give the place back."""
        self.taken[place] -= 1
        if not self.taken[place]:
            del self.taken[place]


_buckets = Buckets()
_slots = Slots()


async def require(*takes: Take) -> None:
    """Take one from each limit, or from none and raise TooManyRequests with the seconds to wait."""
    wait = await take(*takes)
    if wait:
        raise too_many(wait)


def too_many(wait: float) -> TooManyRequests:
    """The error that says how long to wait."""
    seconds = math.ceil(wait)
    return TooManyRequests(f"Wait {duration(seconds)}, then try again.", retry_after=seconds)


def duration(seconds: int) -> str:
    """`40 seconds`, `2 minutes`, `3 hours`: never shorter than it is."""
    number, unit = (seconds, "second") if seconds <= 90 else (math.ceil(seconds / 60), "minute")
    if seconds > 90 * 60:
        number, unit = math.ceil(seconds / 3600), "hour"
    return f"{number} {unit}{'' if number == 1 else 's'}"


async def take(*takes: Take) -> float:
    """Take one from each limit and return 0, or from none and return the seconds until it would work."""
    here = cache()
    names = [_name(here.prefix, limit.name, key) for limit, key in takes]
    rates = [(limit.interval, limit.seconds) for limit, _ in takes]
    wait = _buckets.take(names, rates)
    if wait:
        metrics.limited(limit.name for limit, _ in takes)
        _tell(takes, [_buckets.full_in(name) for name in names])
        return wait
    arguments = [int(each * 1e6) for rate in rates for each in rate]
    answer = await here.evaluate(TAKE, names, arguments)
    if isinstance(answer, list):
        _tell(takes, [each / 1e6 for each in answer])
        return 0.0
    if not isinstance(answer, int):
        _tell(takes, [_buckets.full_in(name) for name in names])
        return 0.0 if _buckets.remembers(names) else max(interval for interval, _ in rates)
    metrics.limited(limit.name for limit, _ in takes)
    _buckets.give_back(names, [interval for interval, _ in rates])
    if len(takes) == 1:
        _tell(takes, [takes[0][0].seconds])
    return answer / 1e6


def _tell(takes: Sequence[Take], full_in: Sequence[float]) -> None:
    """Note what is left, for the answer to the request that is being served."""
    noted = told.get()
    if noted is not None:
        noted.update(
            {limit: seconds for (limit, _), seconds in zip(takes, full_in, strict=True) if limit.told}
        )


async def undo(*, once: Sequence[Take] = (), all: Sequence[Take] = ()) -> None:
    """Undo one take that turned out not to count, of each, or all there were."""
    here = cache()
    given_back = [_name(here.prefix, limit.name, key) for limit, key in once]
    cleared = [_name(here.prefix, limit.name, key) for limit, key in all]
    _buckets.give_back(given_back, [limit.interval for limit, _ in once])
    _buckets.clear(cleared)
    much = [*(int(limit.interval * 1e6) for limit, _ in once), *("all" for _ in all)]
    await here.evaluate(UNDO, [*given_back, *cleared], much)


@asynccontextmanager
async def concurrent(name: str, key: object, *, at_most: int, seconds: float) -> AsyncIterator[None]:
    """Hold one of `at_most` places while the block runs. Raises TooManyRequests when all are taken.

    A process that dies in the block frees its place after `seconds`, so they must be longer than the work.
    """
    here = cache()
    place, me = _name(here.prefix, f"{name} at once", key), secrets.token_hex(8)
    if not _slots.enter(place, at_most):
        raise TooManyRequests(BUSY, retry_after=5)
    try:
        if await here.evaluate(ENTER, [place], [at_most, round(seconds * 1000), me]) == 0:
            raise TooManyRequests(BUSY, retry_after=5)
        try:
            yield
        finally:
            await here.evaluate(LEAVE, [place], [me])
    finally:
        _slots.leave(place)


def _name(prefix: str, name: str, key: object) -> str:
    """The key of a bucket in the cache. It holds a keyed hash, so that no email or IP is stored there."""
    return f"{prefix}:limit:{digest(f'{name}:{key}')[:16].hex()}"
