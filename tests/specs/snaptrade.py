"""SnapTrade: our requests and the simulator's answers against its document, and its examples as records."""

import asyncio
import functools
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import msgspec
import yaml
from django.conf import settings

from providers.connectors.contract.batches import Wanted
from providers.connectors.contract.steps import Done, Said, Visit
from providers.connectors.snaptrade import SnapTradeConnector, answers, reading
from providers.simulator.process import SandboxBank
from providers.wire import http
from tests.specs import shapes
from tests.specs.openapi import LOADER, Document
from tests.specs.outcome import Outcome, bank, tried
from tests.specs.recording import Recording

FOLDER, DOCUMENT = "snaptrade", "snaptrade.openapi.yaml"
BACK = "https://dashtam.example/providers/snaptrade/callback"
READ = {
    "/accounts": list[answers.Account],
    "/authorizations": list[answers.Authorization],
    "/accounts/{accountId}/balances": list[answers.Balance],
    "/accounts/{accountId}/positions/all": answers.Positions,
    "/accounts/{accountId}/activities": answers.Activities,
}


async def exchanges(running: SandboxBank) -> Recording:
    """All requests of the connector with a personal key, for which alone the document describes requests."""
    settings.SNAPTRADE_URL = f"{running.url}/snaptrade"
    settings.SNAPTRADE_CLIENT_ID = settings.SNAPTRADE_CLIENT_SECRET = ""
    connector = SnapTradeConnector()
    seen = Recording(connector, "/snaptrade/api/v1")
    key = running.control("snaptrade/key", {})
    done = await _connected(seen, Said(key, state="s", redirect_uri=BACK))
    wanted = Wanted(None, date.today(), what=frozenset(connector.capabilities))  # noqa: DTZ011
    await seen.pull(done.grant, wanted)
    running.control("snaptrade/connections", {"disabled": True})
    await _connected(seen, Said(state="s", redirect_uri=BACK, renews=done.grant))
    return seen


async def _connected(seen: Recording, said: Said) -> Done:
    page = await seen.connector.link(seen.reach, said)
    assert isinstance(page, Visit)
    async with httpx.AsyncClient() as browser:
        await browser.post(page.url, data={"customer": "ana", "decision": "approve"})
    done = await seen.connector.link(seen.reach, Said(kept=page.kept))
    assert isinstance(done, Done)
    return done


def check(folder: Path) -> Iterator[Outcome]:
    """The samples, then all requests and answers; nothing where the document is not there."""
    path = folder / FOLDER / DOCUMENT
    if not path.exists():
        return
    for name, what, wrong in samples(folder):
        yield Outcome(f"snaptrade/{name}", [what], wrong)
    yield tried(f"snaptrade/{DOCUMENT}", functools.partial(_document, path))
    every = {name: ("GET", type_, READERS.get(name, repr)) for name, type_ in READ.items()}
    yield tried("snaptrade/shapes", lambda: shapes.every_shape("snaptrade/shapes", Document(path), every))


def _positions(found: answers.Positions) -> None:
    for row in found.results:
        reading.holding(row, "USD")
        reading.security(row.instrument, "USD")


def _activities(found: answers.Activities) -> None:
    for row in found.data:
        reading.activity(row, "USD")


READERS: dict[str, Callable[[Any], object]] = {
    "/accounts": lambda found: [reading.moment(row.sync_status.holdings) for row in found],
    "/accounts/{accountId}/positions/all": _positions,
    "/accounts/{accountId}/activities": _activities,
}


def _document(path: Path) -> Outcome:
    with bank() as running:
        seen = asyncio.run(exchanges(running))
    told = f"{len(seen.made)} requests with their answers"
    return Outcome(f"snaptrade/{DOCUMENT}", [told], seen.faults(Document(path)))


def samples(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Each example in the document of an answer that we read."""
    tree = yaml.load((folder / FOLDER / DOCUMENT).read_text(), Loader=LOADER)  # noqa: S506 - a safe loader
    for path, type_ in READ.items():
        content = tree["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        named = {**content.get("examples", {})} or {"example": {"value": content.get("example")}}
        for name, example in named.items():
            value = example.get("value")
            if value is not None:
                yield f"{path} {name}", "read", _wrong(value, type_)


def _wrong(value: Any, type_: Any) -> list[str]:
    try:
        http.decoded(httpx.Response(200, content=msgspec.json.encode(value)), type_)
    except Exception as error:  # noqa: BLE001 - told, and counted as wrong
        return [repr(error)]
    return []
