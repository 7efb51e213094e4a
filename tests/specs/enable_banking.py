"""Enable Banking: our requests and the simulator's answers against its document, and its example as rows."""

import asyncio
import functools
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings

from providers.connectors.contract.batches import Wanted
from providers.connectors.contract.steps import Done, Said, Visit
from providers.connectors.enable_banking import EnableBankingConnector, answers, reading
from providers.errors import ConsentEnded
from providers.simulator.process import SandboxBank
from tests.specs import shapes
from tests.specs.openapi import Document
from tests.specs.outcome import Outcome, bank, tried
from tests.specs.recording import Recording

FOLDER, DOCUMENT = "enable-banking", "enable-banking.openapi.yml"
BACK = "https://dashtam.example/providers/enable-banking/callback"


async def exchanges(running: SandboxBank) -> Recording:
    """All requests of the connector: to link, to pull with and without the person, to renew and to end."""
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    async with httpx.AsyncClient() as panel:
        asked = {"application": "app-1", "key": public}
        await panel.post(f"{running.url}/enable-banking/applications", json=asked)
    settings.ENABLE_BANKING_URL = f"{running.url}/enable-banking"
    settings.ENABLE_BANKING_APPLICATION_ID = "app-1"
    settings.ENABLE_BANKING_PRIVATE_KEY = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ).decode()
    connector = EnableBankingConnector()
    seen = Recording(connector, "/enable-banking")
    await connector.link(seen.reach, Said({"country": "FI", "psu_type": "personal"}))
    kept = {"country": "FI", "psu_type": "personal"}
    begun = Said({"bank": "Sandbox Bank"}, kept=kept, state="st", redirect_uri=BACK)
    done = await _linked(seen, begun)
    today = date.today()  # noqa: DTZ011
    what = frozenset(connector.capabilities)
    await seen.pull(done.grant, Wanted(None, today, what=what))
    there = {"Address": "203.0.113.9", "User-Agent": "Firefox"}
    await seen.pull(done.grant, Wanted(today - timedelta(days=14), today, what=what, present=there))
    running.control("advance", {"days": 1})
    for _ in range(5):  # too long a period, and then too many reads
        await seen.pull(done.grant, Wanted(today - timedelta(days=400), today, what=what))
    renewed = await _linked(seen, Said(state="st", redirect_uri=BACK, renews=done.grant))
    await connector.revoke(seen.reach, done.grant)
    running.control("enable-banking/sessions", {"status": "EXPIRED"})
    with suppress(ConsentEnded):
        await seen.pull(renewed.grant, Wanted(None, today, what=what))
    return seen


async def _linked(seen: Recording, said: Said) -> Done:
    page = await seen.connector.link(seen.reach, said)
    assert isinstance(page, Visit)
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(page.url, data={"customer": "ana", "decision": "approve"})
    query = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    done = await seen.connector.link(seen.reach, Said(query=query, kept=page.kept))
    assert isinstance(done, Done)
    return done


def check(folder: Path) -> Iterator[Outcome]:
    """The samples, then all requests and answers; nothing where the document is not there."""
    path = folder / FOLDER / DOCUMENT
    if not path.exists():
        return
    for name, what, wrong in samples(folder):
        yield Outcome(f"enable-banking/{name}", [what], wrong)
    yield tried(f"enable-banking/{DOCUMENT}", functools.partial(_document, path))
    yield tried(
        "enable-banking/shapes", lambda: shapes.every_shape("enable-banking/shapes", Document(path), READ)
    )


def _rows(found: answers.Transactions) -> None:
    rows, left_out = reading.rows(found.transactions, "FI:Bank", date(2026, 4, 30))
    assert len(rows) + left_out.total() == len(found.transactions)


def _balances(found: answers.Balances) -> None:
    listed = answers.SessionAccount(uid="u", identification_hash="h")
    details = answers.Details(cash_account_type="CACC", currency="EUR")
    reading.account(listed, details, found.balances, "Bank", datetime.now(UTC))


def _details(found: answers.Details) -> None:
    listed = answers.SessionAccount(uid="u", identification_hash="h")
    reading.account(listed, found, [], "Bank", datetime.now(UTC))


READ: dict[str, tuple[str, Any, Callable[[Any], object]]] = {
    "/aspsps": ("GET", answers.Banks, repr),
    "/auth": ("POST", answers.Authorization, repr),
    "/sessions": ("POST", answers.NewSession, repr),
    "/sessions/{session_id}": ("GET", answers.Session, repr),
    "/accounts/{account_id}/details": ("GET", answers.Details, _details),
    "/accounts/{account_id}/balances": ("GET", answers.Balances, _balances),
    "/accounts/{account_id}/transactions": ("GET", answers.Transactions, _rows),
}


def _document(path: Path) -> Outcome:
    with bank() as running:
        seen = asyncio.run(exchanges(running))
    told = f"{len(seen.made)} requests with their answers"
    return Outcome(f"enable-banking/{DOCUMENT}", [told], seen.faults(Document(path)))


def samples(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """The example of transactions: what was read of it, and what is wrong."""
    for path in sorted((folder / FOLDER).glob("example-transactions*.json")):
        listed = json.loads(path.read_text())["response"]["body"]["transactions"]
        rows, left_out = reading.rows(
            msgspec.convert(listed, list[answers.Transaction]), "FI:Bank", date(2026, 4, 30)
        )
        wrong = []
        for told, row in zip(listed, rows, strict=False):
            amount = abs(Decimal(told["transaction_amount"]["amount"]))
            if row.amount != (amount if told["credit_debit_indicator"] == "CRDT" else -amount):
                wrong.append(f"{told['entry_reference']}: {row.amount}")
        if len(rows) + left_out.total() != len(listed):
            wrong.append("a row was dropped")
        unknown = sum(row.kind == "unknown" for row in rows)
        yield path.name, f"{len(rows)} rows, {unknown} of an unknown kind", wrong
