"""Whom to leave alone, and until when: told to every process through the cache, remembered here when it is away."""

import email.utils
import math
import time
from datetime import UTC, datetime

import httpx

from dashtam.bridge.per_loop import PerLoop
from dashtam.cache import cache
from providers.errors import ProviderError, ProviderRateLimited, ProviderUnreachable

LONGEST_SECONDS = 3600

_pauses: PerLoop[dict[str, float]] = PerLoop(dict)


async def begin(whom: str, seconds: float) -> None:
    """Leave somebody alone for so long, at most an hour."""
    if seconds <= 0:
        return
    until = time.time() + min(seconds, LONGEST_SECONDS)
    here = _pauses.get()
    for other in [name for name, end in here.items() if end < time.time()]:
        del here[other]
    here[whom] = until
    await cache().set(f"pause:{whom}", until, seconds=math.ceil(min(seconds, LONGEST_SECONDS)))


async def require_none(whom: str, error: type[ProviderError] = ProviderUnreachable) -> None:
    """Raises the error, with the seconds that are left, while somebody is to be left alone."""
    until = max(_pauses.get().get(whom, 0.0), await cache().get(f"pause:{whom}", float) or 0.0)
    left = math.ceil(min(until - time.time(), LONGEST_SECONDS))
    if left > 0:
        raise error(retry_after=left)


async def heed(whom: str, response: httpx.Response) -> None:
    """Leave somebody alone for as long as they ask."""
    wait = seconds_asked(response)
    if response.status_code == 429:
        await begin(whom, ProviderRateLimited.retry_after or 0 if wait is None else wait)
    elif response.status_code == 503 and wait is not None:
        await begin(whom, wait)


def seconds_asked(response: httpx.Response) -> int | None:
    """What Retry-After says, in either form of RFC 9110 §10.2.3; at most an hour. None if absent or nonsense."""
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), LONGEST_SECONDS)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(0, min(round(seconds), LONGEST_SECONDS))
