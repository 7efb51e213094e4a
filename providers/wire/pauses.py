"""Rate-limit pauses per origin or connection, shared by all processes through the cache.

Each process also remembers its own, for the time the cache is away.
"""

import email.utils
import math
import time
from datetime import UTC, datetime
from uuid import UUID

import httpx

from dashtam.bridge.per_loop import PerLoop
from dashtam.cache import cache
from providers.errors import ProviderError, ProviderRateLimited, ProviderResting

LONGEST_SECONDS = 3600
FAULT = "fault"  # extension of an answer: the error that the provider itself names in it

_pauses: PerLoop[dict[str, float]] = PerLoop(dict)


async def begin(key: str, seconds: float) -> None:
    """Start a pause of so many seconds, at most an hour."""
    if seconds <= 0:
        return
    until = time.time() + min(seconds, LONGEST_SECONDS)
    here = _pauses.get()
    for other in [name for name, end in here.items() if end < time.time()]:
        del here[other]
    here[key] = until
    await cache().set(f"pause:{key}", until, seconds=math.ceil(min(seconds, LONGEST_SECONDS)))


async def require_none(key: str, error: type[ProviderError] = ProviderResting) -> None:
    """Raise the error, with the seconds that are left as `retry_after`, while a pause lasts."""
    left = await seconds_left(key)
    if left > 0:
        raise error(retry_after=left)


async def seconds_left(key: str) -> int:
    """The whole seconds that are left of a pause; 0 for none."""
    until = max(_pauses.get().get(key, 0.0), await cache().get(f"pause:{key}", float) or 0.0)
    return max(0, math.ceil(min(until - time.time(), LONGEST_SECONDS)))


def of_connection(connection_id: UUID) -> str:
    """The key of the pause that an institution has asked of one connection."""
    return f"connection:{connection_id}"


async def heed(key: str, response: httpx.Response) -> None:
    """Start the pause that a 429, a 503 with Retry-After, or the provider's own word asks for."""
    wait, named = seconds_asked(response), response.extensions.get(FAULT)
    if isinstance(named, ProviderRateLimited):
        await begin(key, named.retry_after or 0)
    elif response.status_code == 429:
        await begin(key, ProviderRateLimited.retry_after or 0 if wait is None else wait)
    elif response.status_code == 503 and wait is not None:
        await begin(key, wait)


def seconds_asked(response: httpx.Response) -> int | None:
    """The seconds of Retry-After, in either form of RFC 9110 §10.2.3, at most an hour; None if absent or unreadable."""
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), LONGEST_SECONDS)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0, min(round(seconds), LONGEST_SECONDS))
