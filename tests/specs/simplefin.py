"""SimpleFIN: the account set's schema, and answers that servers have given."""

import asyncio
import functools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import jsonschema

from providers import connectors
from providers.connectors.contract.batches import Wanted
from providers.connectors.contract.reach import reach
from providers.connectors.contract.steps import Done, Said
from providers.connectors.simplefin.answers import account_set
from providers.connectors.simplefin.troubles import troubles
from providers.simulator.process import SandboxBank
from tests.specs.outcome import Heard, Outcome, bank, tried

PARAMETERS = {"version", "start-date", "end-date", "pending", "account", "balances-only"}
NOW = datetime.now(UTC)


def check(folder: Path) -> Iterator[Outcome]:
    """The samples, then the simulator's answers and our requests."""
    here = folder / "simplefin"
    for file in sorted(here.glob("*.json")):
        if not file.name.endswith(".schema.json"):
            yield tried(f"simplefin/{file.name}", functools.partial(_sample, file))
    for file in sorted(here.glob("*.txt")):
        fault = connectors.get("simplefin").fault(
            httpx.Response(403, headers={"Content-Type": "text/html"}, text=file.read_text())
        )
        told = fault.code if fault else "nothing"
        yield Outcome(
            f"simplefin/{file.name}", [told], [] if told == "consent_ended" else ["no end of access"]
        )
    for schema in sorted(here.glob("*.schema.json")):
        with bank() as running:
            name, document = f"simplefin/{schema.name}", json.loads(schema.read_text())
            yield tried(name, lambda: asyncio.run(_dialogue(running, document, name)))  # noqa: B023 called at once


def _sample(file: Path) -> Outcome:
    answer = json.loads(file.read_text(), parse_float=Decimal)
    read = account_set(answer, NOW)
    given, rows, held = (
        len(answer.get("accounts") or ()),
        _members(answer, "transactions"),
        _members(answer, "holdings"),
    )
    found = (
        len(read.found),
        sum(len(each.rows) for each in read.found),
        sum(len(each.holdings.holdings) for each in read.found if each.holdings),
    )
    faults = [] if found == (given, rows, held) else [f"{(given, rows, held)} were given"]
    faults += [f"{reason} of {each.account.id}" for each in read.found for reason in each.refused]
    errors = len(answer.get("errlist") or answer.get("errors") or ())
    told = [each.error.code for each in troubles(answer)]
    if len(told) != errors:
        faults.append(f"{errors} errors were given")
    words = f"{found[0]} accounts, {found[1]} transactions, {found[2]} holdings"
    return Outcome(f"simplefin/{file.name}", [words, *told], faults)


def _members(answer: dict[str, Any], name: str) -> int:
    return sum(len(account.get(name) or ()) for account in answer.get("accounts") or ())


async def _dialogue(running: SandboxBank, schema: dict[str, Any], name: str) -> Outcome:
    connector, heard, faults = connectors.get("simplefin"), Heard(), list[str]()
    token = running.control("simplefin/token", {"customer": "ana"})["token"]
    done = await connector.link(functools.partial(reach, connector), Said(answers={"token": token}))
    assert isinstance(done, Done)
    for scenario in ("", "partial", "old"):
        running.control("simplefin/scenario", {"customer": "ana", "scenario": scenario})
        async with reach(connector, grant=done.grant) as client:
            heard.on(client)
            wanted = Wanted(first=NOW.date() - timedelta(days=170), last=NOW.date())
            _ = [batch async for batch in connector.pull(client, wanted)]
            await client.get("accounts", params={"version": 2, "balances-only": 1, "account": "ACT-none"})
    validator = jsonschema.Draft202012Validator(schema)
    for request, response in heard.exchanges:
        faults += [
            f"{'/'.join(map(str, e.path))}: {e.message[:150]}" for e in validator.iter_errors(response.json())
        ]
        query = request.url.params
        faults += [f"parameter {each}" for each in set(query) - PARAMETERS]
        if (
            int(query.get("end-date", 0)) - int(query.get("start-date", 0))
            > timedelta(days=90).total_seconds()
        ):
            faults.append("a window of more than 90 days")
    return Outcome(name, [f"{len(heard.exchanges)} requests and answers"], faults)
