"""IBKR Flex: the elements and attributes that documents have, and documents that the service has made."""

import asyncio
import functools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring, parse
from django.conf import settings

from providers import connectors
from providers.connectors.contract.batches import Wanted
from providers.connectors.contract.reach import reach
from providers.connectors.contract.steps import Done, Said
from providers.connectors.ibkr_flex.boxes import missing
from providers.connectors.ibkr_flex.read import read
from providers.connectors.ibkr_flex.reading import Reading
from providers.simulator.process import SandboxBank
from tests.specs.outcome import Heard, Outcome, bank, tried

STATE = ("OpenPosition", "CashReportCurrency", "EquitySummaryByReportDateInBase", "AccountInformation")
NO_ROWS = (*STATE, "SecurityInfo", "ConversionRate")
PARAMETERS = {"t", "q", "v", "fd", "td"}


def check(folder: Path) -> Iterator[Outcome]:
    """The samples, then the simulator's documents and our requests."""
    here = folder / "ibkr-flex"
    for file in sorted(here.glob("*.xml")):
        yield tried(f"ibkr-flex/{file.name}", functools.partial(_sample, file))
    for fields in sorted(here.glob("fields.json")):
        with bank() as running:
            known = json.loads(fields.read_text())
            yield tried("ibkr-flex/fields.json", lambda: asyncio.run(_dialogue(running, known)))  # noqa: B023 called at once


def _sample(file: Path) -> Outcome:
    root = parse(file).getroot()
    readings = read(root)
    faults = [
        f"not read: {word} ×{count}" for each in readings for word, count in each.counts.refused.items()
    ]
    faults += _lost(root, readings)
    raw = [f"raw: {word} ×{count}" for each in readings for word, count in each.counts.unknown.items()]
    left = sum(count for each in readings for count in each.counts.left_out.values())
    words = (
        f"{len(readings)} accounts, {sum(len(each.rows) for each in readings)} transactions, "
        f"{sum(len(each.holdings.holdings) for each in readings if each.holdings)} holdings, {left} other rows"
    )
    boxes = [f"boxes: {len(missing(root))}"]
    return Outcome(f"ibkr-flex/{file.name}", [words, *raw, *boxes], faults)


def _lost(root: Element, readings: list[Reading]) -> list[str]:
    """Rows are transactions, or counted with a reason, or the state of an account: none is lost."""
    rows = [
        element
        for statement in root.iter("FlexStatement")
        for element in statement.iter()
        if element is not statement and element.attrib and element.tag not in NO_ROWS
    ]
    told = 0
    for counts in (each.counts for each in readings):
        told += (
            counts.read
            + sum(count for word, count in counts.refused.items() if word[:13] != "OpenPositions")
            + sum(counts.left_out.values())
        )
        told += sum(count for word, count in counts.unknown.items() if word.startswith("section "))
    return [] if told == len(rows) else [f"{len(rows)} rows were given, {told} told"]


async def _dialogue(running: SandboxBank, fields: dict[str, Any]) -> Outcome:
    settings.IBKR_URL = f"{running.url}/ibkr"
    connector, heard, faults = connectors.get("ibkr"), Heard(), list[str]()
    answers = running.control("ibkr/desk", {"customer": "ana", "polls": 1})
    done = await connector.link(functools.partial(reach, connector), Said(answers=answers))
    assert isinstance(done, Done)
    async with reach(connector, grant=done.grant) as client:
        heard.on(client)
        _ = [
            batch async for batch in connector.pull(client, Wanted(first=None, last=datetime.now(UTC).date()))
        ]
    elements, codes = fields["elements"], fields["codes"]
    words = {value for table in codes.values() for value in table.values()} | {""}
    for request, response in heard.exchanges:
        faults += [f"parameter {name}" for name in set(request.url.params) - PARAMETERS]
        root = fromstring(response.content)
        if root.tag != "FlexQueryResponse":
            continue
        for element in root.iter():
            known = elements.get(element.tag, elements["FlexStatement"] if not element.attrib else {})
            if element.attrib and element.tag != "FlexStatements":
                faults += [f"{element.tag}.{name}" for name in set(element.attrib) - set(known)]
            for name in ("buySell", "transactionType", "assetCategory"):
                if element.get(name, "") not in words:
                    faults.append(f"{element.tag}.{name} {element.get(name)}")
    told = f"{len(heard.exchanges)} requests and answers"
    return Outcome("ibkr-flex/fields.json", [told], sorted(set(faults)))
