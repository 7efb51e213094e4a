"""HTTP transport to one institution: to its origins only, a few calls at once, with a pause after repeated failures."""

import asyncio
import logging
import random
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress

import httpx
from django.conf import settings

from dashtam.bridge.per_loop import PerLoop
from dashtam.outbound import AddressRefused, AnswerRefused, Outbound
from dashtam.telemetry import metrics
from providers.errors import (
    AnswerLost,
    ProviderError,
    ProviderRateLimited,
    ProviderResting,
    ProviderUnavailable,
    ProviderUnreachable,
    ProviderUnreadable,
)
from providers.wire import pauses
from providers.wire.pauses import FAULT

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
    """One exchange with its retries: to these origins only, within `deadline` seconds, at most MAX_ANSWER_BYTES.

    `provider` is the slug that all its origins belong to; without it each host is looked up.
    """

    def __init__(
        self,
        base_url: str,
        *,
        deadline: float,
        hosts: Sequence[str] = (),
        context: ssl.SSLContext | None = None,
        fault: Callable[[httpx.Response], ProviderError | None] | None = None,
        provider: str = "",
    ) -> None:
        self.provider = provider
        self.origins = {_origin(httpx.URL(url)) for url in (base_url, *hosts)}
        self.deadline = deadline
        self.fault = fault
        self.wire = Outbound(deadline=deadline, largest=MAX_ANSWER_BYTES, context=context)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry out one exchange. Raises ProviderUnreachable, AnswerLost, ProviderUnreadable."""
        provider = self.provider or provider_of(request.url.host)
        return await metrics.provider_call(provider, self._guarded(request))

    async def _guarded(self, request: httpx.Request) -> httpx.Response:
        origin = _origin(request.url)
        if origin not in self.origins:
            raise ProviderUnreadable(code="foreign_address")
        async with self._slot(origin) as state:
            await pauses.require_none(state.name, ProviderResting)
            try:
                async with asyncio.timeout(self.deadline):
                    response = await self._persistently(request)
            except (TimeoutError, ProviderUnavailable) as error:
                await state.record(success=False)
                if isinstance(error, ProviderUnavailable):
                    raise
                logger.warning("%s did not answer in time.", origin[1])
                raise AnswerLost from None
            await state.record(success=not _failed(response) and not _limited(response))
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self.wire.aclose()

    @asynccontextmanager
    async def _slot(self, origin: Origin) -> AsyncIterator[OriginState]:
        """Wait for a free slot; the wait has a deadline of its own, apart from the call's."""
        state = _origins.get().setdefault(origin, OriginState("{}://{}:{}".format(*origin)))
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
        """Retry a read after a failure. Others are sent once: the effect of a lost answer is unknown."""
        reads = request.method == "GET" or request.extensions.get("safe", False)
        for pause in _pauses() if reads else ():
            try:
                response = await self._exchange(request)
            except ProviderUnavailable:
                pass
            else:
                if not _failed(response) or "Retry-After" in response.headers:
                    return response
            await asyncio.sleep(pause)
        return await self._exchange(request)

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        host, asked = request.url.host, request
        if place := request.extensions.get("place"):
            request = place(request)  # secrets go into a copy, which is never logged
        if sign := request.extensions.get("sign"):
            sign(request)  # each attempt needs its own proof
        try:
            answer = await self.wire.handle_async_request(request)
            answer.request = asked  # what a provider's error means may depend on the path
            return self._heard(answer)
        except AnswerRefused:
            raise ProviderUnreadable from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            logger.warning("%s could not be reached: %s", host, type(error).__name__)
            code = "address_refused" if isinstance(error, AddressRefused) else ""
            raise ProviderUnreachable(code=code) from None
        except httpx.TransportError as error:
            logger.warning("%s broke off: %s", host, type(error).__name__)
            raise AnswerLost from None

    def _heard(self, response: httpx.Response) -> httpx.Response:
        """The answer with the error that the provider names in it, if any."""
        with suppress(ProviderError):  # not written as the provider writes: the status decides
            response.extensions[FAULT] = self.fault(response) if self.fault else None
        return response


def _failed(response: httpx.Response) -> bool:
    named = response.extensions.get(FAULT)
    return response.status_code >= 500 if named is None else isinstance(named, ProviderUnavailable)


def _limited(response: httpx.Response) -> bool:
    return response.status_code == 429 or isinstance(response.extensions.get(FAULT), ProviderRateLimited)


def _origin(url: httpx.URL) -> Origin:
    return url.scheme, url.host, url.port


def _pauses() -> Iterator[float]:
    for attempt in range(1, GET_ATTEMPTS):
        yield 0.1 * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 spreads load, no secret
