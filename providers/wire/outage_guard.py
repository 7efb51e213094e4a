"""How one institution is spoken to: at its own address only, a few calls at once, and not at all while it fails."""

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
from providers.errors import AnswerLost, ProviderUnavailable, ProviderUnreachable, ProviderUnreadable
from providers.wire import pauses

logger = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 10 * 1024 * 1024
GET_ATTEMPTS = 3
CALLS_AT_ONCE = 10  # to one institution, from one process
FAILURES_IN_A_ROW = 5

Origin = tuple[str, str, int | None]

# Which provider a host belongs to, as a label of metrics; providers.apps registers the catalogue's answer.
provider_of: Callable[[str], str] = str


class Lane:
    """What this process has under way with one institution, and how it went lately."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.slots = asyncio.Semaphore(CALLS_AT_ONCE)
        self.failures = 0

    async def went(self, *, well: bool) -> None:
        """After some failures in a row everybody leaves it alone for a while; then one more failure is enough."""
        self.failures = 0 if well else self.failures + 1
        if self.failures >= FAILURES_IN_A_ROW and settings.PROVIDER_REST_SECONDS:
            self.failures = FAILURES_IN_A_ROW - 1
            logger.warning("%s keeps failing and is left alone for a while.", self.name)
            await pauses.begin(self.name, settings.PROVIDER_REST_SECONDS)


_lanes: PerLoop[dict[Origin, Lane]] = PerLoop(dict)


class Guard(httpx.AsyncBaseTransport):
    """One exchange with all its retries: to this origin, within the deadline, of bounded size."""

    def __init__(self, base_url: str, *, deadline: float, context: ssl.SSLContext | None = None) -> None:
        self.origin = _origin(httpx.URL(base_url))
        self.deadline = deadline
        self.wire = Outbound(deadline=deadline, largest=MAX_ANSWER_BYTES, context=context)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises ProviderUnreachable, AnswerLost, ProviderUnreadable."""
        return await metrics.provider_call(provider_of(self.origin[1]), self._guarded(request))

    async def _guarded(self, request: httpx.Request) -> httpx.Response:
        if _origin(request.url) != self.origin:
            raise ProviderUnreadable(code="foreign_address")
        async with self._slot() as lane:
            await pauses.require_none(lane.name)
            try:
                async with asyncio.timeout(self.deadline):
                    response = await self._persistently(request)
            except (TimeoutError, ProviderUnavailable) as error:
                await lane.went(well=False)
                if isinstance(error, ProviderUnavailable):
                    raise
                logger.warning("%s did not answer in time.", self.origin[1])
                raise AnswerLost from None
            await lane.went(well=response.status_code < 500 and response.status_code != 429)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[Lane]:
        """Waiting for a place takes nothing from the time of the call itself."""
        lanes = _lanes.get()
        lane = lanes.setdefault(self.origin, Lane("{}://{}:{}".format(*self.origin)))
        try:
            async with asyncio.timeout(self.deadline):
                await lane.slots.acquire()
        except TimeoutError:
            raise ProviderUnreachable from None
        try:
            yield lane
        finally:
            lane.slots.release()

    async def _persistently(self, request: httpx.Request) -> httpx.Response:
        """Only a GET may be sent again: what a lost answer to anything else did is not known."""
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
            sign(request)  # anew each time it is sent
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
        yield 0.1 * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 spreads load, guards nothing
