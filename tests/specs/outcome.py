"""Outcomes of checks, and the parts that vendors' modules have in common: each has `check(folder)`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from django.conf import settings

from providers.simulator.process import SandboxBank


@dataclass
class Outcome:
    """A check by name: what was found, and what is wrong with it."""

    name: str
    told: Sequence[str] = ()
    faults: list[str] = field(default_factory=list)


def tried(name: str, check: Callable[[], Outcome]) -> Outcome:
    """The check's outcome; an error is one too, so that the other samples are looked at."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 whatever a sample does to us is its outcome
        return Outcome(name, (), [f"{type(error).__name__}: {error}"[:300]])


@contextmanager
def bank() -> Iterator[SandboxBank]:
    """The simulator, which every dialect is spoken by."""
    with SandboxBank.start(redirect_uri="http://127.0.0.1:9/callback") as running:
        settings.PROVIDER_REST_SECONDS = 0
        yield running


@dataclass
class Heard:
    """The exchanges of a client, as they were before any secret was placed."""

    exchanges: list[tuple[httpx.Request, httpx.Response]] = field(default_factory=list)

    def on(self, client: httpx.AsyncClient) -> None:
        client.event_hooks = {"response": [self._keep]}

    async def _keep(self, response: httpx.Response) -> None:
        await response.aread()
        self.exchanges.append((response.request, response))
