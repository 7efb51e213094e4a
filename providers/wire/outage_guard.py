"""HTTP transport to one origin: never to another one, a few calls at once, and with a pause after repeated failures."""

import asyncio
import logging
import random
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import httpx
from django.conf import settings

from dashtam.bridge.per_loop import PerLoop
from dashtam.outbound import AddressRefused, AnswerRefused, Outbound
from dashtam.telemetry import metrics
from providers.errors import (
    AnswerLost,
    ProviderResting,
    ProviderUnavailable,
    ProviderUnreachable,
    ProviderUnreadable,
)
from providers.wire import pauses

logger = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 10 * 1024 * 1024
GET_ATTEMPTS = 3
CALLS_AT_ONCE = 10  # to one institution, from one process
FAILURES_IN_A_ROW = 5

Origin = tuple[str, str, int | None]

# The slug of the provider that a host belongs to, as a label of metrics; providers.apps registers the function.
provider_of: Callable[[str], str] = str


class OriginState:
    """Calls of this process to one origin: free slots, and failures in a row."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.slots = asyncio.Semaphore(CALLS_AT_ONCE)
        self.failures = 0

    async def record(self, *, success: bool) -> None:
        """Count failures; after FAILURES_IN_A_ROW pause the origin. After the pause, one more failure is enough."""
        self.failures = 0 if success else self.failures + 1
        if self.failures >= FAILURES_IN_A_ROW and settings.PROVIDER_REST_SECONDS:
            self.failures = FAILURES_IN_A_ROW - 1
            logger.warning("%s keeps failing and is left alone for a while.", self.name)
            await pauses.begin(self.name, settings.PROVIDER_REST_SECONDS)


_origins: PerLoop[dict[Origin, OriginState]] = PerLoop(dict)


class OutageGuard(httpx.AsyncBaseTransport):
    """One exchange with its retries: to this origin only, within `deadline` seconds, at most MAX_ANSWER_BYTES."""

    def __init__(self, base_url: str, *, deadline: float, context: ssl.SSLContext | None = None) -> None:
        self.origin = _origin(httpx.URL(base_url))
        self.deadline = deadline
        self.wire = Outbound(deadline=deadline, largest=MAX_ANSWER_BYTES, context=context)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry out one exchange. Raises ProviderUnreachable, AnswerLost, ProviderUnreadable."""
        return await metrics.provider_call(provider_of(self.origin[1]), self._guarded(request))

    async def _guarded(self, request: httpx.Request) -> httpx.Response:
        if _origin(request.url) != self.origin:
            raise ProviderUnreadable(code="foreign_address")
        async with self._slot() as state:
            await pauses.require_none(state.name, ProviderResting)
            try:
                async with asyncio.timeout(self.deadline):
                    response = await self._persistently(request)
            except (TimeoutError, ProviderUnavailable) as error:
                await state.record(success=False)
                if isinstance(error, ProviderUnavailable):
                    raise
                logger.warning("%s did not answer in time.", self.origin[1])
                raise AnswerLost from None
            await state.record(success=response.status_code < 500 and response.status_code != 429)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[OriginState]:
        """Wait for a free slot; the wait has a deadline of its own, apart from the call's."""
        state = _origins.get().setdefault(self.origin, OriginState("{}://{}:{}".format(*self.origin)))
        try:
            async with asyncio.timeout(self.deadline):
                await state.slots.acquire()
        except TimeoutError:
            raise ProviderUnreachable from None
        try:
            yield state
        finally:
            state.slots.release()

    async def _persistently(self, request: httpx.Request) -> httpx.Response:
        """Retry a GET after a failure. Other methods are sent once: the effect of a lost answer is unknown."""
        for pause in _pauses() if request.method == "GET" else ():
            try:
                response = await self._exchange(request)
            except ProviderUnavailable:
                pass
            else:
                if response.status_code < 500 or "Retry-After" in response.headers:
                    return response
            await asyncio.sleep(pause)
        return await self._exchange(request)

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        if sign := request.extensions.get("sign"):
            sign(request)  # each attempt needs its own proof
        try:
            return await self.wire.handle_async_request(request)
        except AnswerRefused:
            raise ProviderUnreadable from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            logger.warning("%s could not be reached: %s", self.origin[1], type(error).__name__)
            code = "address_refused" if isinstance(error, AddressRefused) else ""
            raise ProviderUnreachable(code=code) from None
        except httpx.TransportError as error:
            logger.warning("%s broke off: %s", self.origin[1], type(error).__name__)
            raise AnswerLost from None


def _origin(url: httpx.URL) -> Origin:
    return url.scheme, url.host, url.port


def _pauses() -> Iterator[float]:
    for attempt in range(1, GET_ATTEMPTS):
        yield 0.1 * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 spreads load, no secret
