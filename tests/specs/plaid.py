"""Plaid: our requests and the simulator's answers against its document, and its custom users as rows."""

import asyncio
import functools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
from django.conf import settings

from providers.connectors.contract.batches import StartAgain, Wanted
from providers.connectors.contract.steps import Done, Said, Visit
from providers.connectors.plaid import PlaidConnector, answers, reading
from providers.errors import ConsentEnded
from providers.simulator.process import SandboxBank
from providers.wire import http
from tests.specs import shapes
from tests.specs.openapi import Document
from tests.specs.outcome import Outcome, bank, tried
from tests.specs.recording import Recording

T = TypeVar("T")

DOCUMENT, SAMPLES = "plaid-2020-09-14.openapi.yml", "plaid"
BACK = "https://dashtam.example/providers/plaid/callback"


async def exchanges(running: SandboxBank) -> Recording:
    """All requests of the connector: to link, to pull, to mend, to end, and to check a webhook."""
    settings.PLAID_URL, settings.PLAID_COUNTRIES = f"{running.url}/plaid", "US"
    settings.PLAID_CLIENT_ID, settings.PLAID_SECRET = running.client_id, running.client_secret
    connector = PlaidConnector()
    seen = Recording(connector, "/plaid")
    await connector.institutions(seen.reach, "sandbox")
    done = await _linked(seen, Said({"kind": "bank"}, state="s", redirect_uri=BACK))
    last = date.today()  # noqa: DTZ011
    wanted = Wanted(None, last, what=frozenset(connector.capabilities))
    await seen.pull(done.grant, wanted)
    told = running.control("plaid/webhook", {"code": "SYNC_UPDATES_AVAILABLE"})
    headers = {name.lower(): value for name, value in told["headers"].items()}
    await connector.hear(seen.reach, headers, told["body"].encode())
    async with seen.reach(grant=done.grant) as client:
        pages = connector.pull(client, wanted)
        while (await anext(pages)).final:
            pass
        running.control("advance", {"days": 1})
        with suppress(StartAgain):
            await anext(pages)
        await client.post("/sandbox/item/reset_login", json={})
    with suppress(ConsentEnded):
        await seen.pull(done.grant, wanted)
    mended = await _linked(seen, Said(state="s", redirect_uri=BACK, renews=done.grant))
    await connector.revoke(seen.reach, mended.grant)
    return seen


async def _linked(seen: Recording, said: Said) -> Done:
    page = await seen.connector.link(seen.reach, said)
    assert isinstance(page, Visit)
    async with httpx.AsyncClient() as browser:
        await browser.post(page.url, data={"customer": "ana", "decision": "approve"})
    done = await seen.connector.link(seen.reach, Said(kept=page.kept, renews=said.renews))
    assert isinstance(done, Done)
    return done


def check(folder: Path) -> Iterator[Outcome]:
    """The samples, then all requests and answers; nothing where the document is not there."""
    path = folder / DOCUMENT
    if not path.exists():
        return
    for name, what, wrong in samples(folder):
        yield Outcome(f"plaid/{name}", [what], wrong)
    yield tried(f"plaid/{DOCUMENT}", functools.partial(_document, path))
    yield tried("plaid/shapes", lambda: shapes.every_shape("plaid/shapes", Document(path), READ))


def _accounts(found: answers.Accounts) -> None:
    item = answers.Item(item_id="i")
    for row in found.accounts:
        reading.account(row, item, datetime.now(UTC), ())


def _changes(found: answers.Changes) -> None:
    for row in (*found.added, *found.modified):
        reading.transaction(row)


def _holdings(found: answers.Holdings) -> None:
    for row in found.holdings:
        reading.holding(row)
    for security in found.securities:
        reading.security(security)


def _activities(found: answers.Activities) -> None:
    for row in found.investment_transactions:
        reading.activity(row)


READ: dict[str, tuple[str, Any, Callable[[Any], object]]] = {
    "/accounts/get": ("POST", answers.Accounts, _accounts),
    "/item/get": (
        "POST",
        answers.ItemAnswer,
        lambda found: reading.aware(found.item.consent_expiration_time),
    ),
    "/transactions/sync": ("POST", answers.Changes, _changes),
    "/investments/holdings/get": ("POST", answers.Holdings, _holdings),
    "/investments/transactions/get": ("POST", answers.Activities, _activities),
    "/item/public_token/exchange": ("POST", answers.Exchanged, repr),
    "/link/token/get": ("POST", answers.LinkSessions, repr),
    "/webhook_verification_key/get": ("POST", answers.KeyAnswer, repr),
}


def _document(path: Path) -> Outcome:
    with bank() as running:
        seen = asyncio.run(exchanges(running))
    told = f"{len(seen.made)} requests with their answers"
    return Outcome(f"plaid/{DOCUMENT}", [told], seen.faults(Document(path)))


def samples(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Each custom user: its name, what was read of it, and what is wrong."""
    for path in sorted((folder / SAMPLES).glob("*.json")):
        accounts = json.loads(path.read_text(), parse_float=Decimal)["override_accounts"]
        counted: Counter[str] = Counter()
        wrong: list[str] = []
        for account in accounts:
            for row in account.get("transactions", ()):
                counted["rows"] += 1
                record = reading.transaction(_row(row))
                if record.amount != -Decimal(row["amount"]) or record.currency != row["currency"]:
                    wrong.append(f"{row['description']}: {record.amount}")
            for row in account.get("investment_transactions", ()):
                counted["activities"] += 1
                traded = reading.activity(_activity(row))
                counted[f"unknown {traded.source_code}"] += traded.kind == "unknown"
                if traded.quantity != (Decimal(row["quantity"]) or None):
                    wrong.append(f"{row['name']}: {traded.quantity}")
            for row in account.get("holdings", ()):
                counted["holdings"] += 1
                held = reading.holding(_holding(row))
                if held.quantity != Decimal(row["quantity"]):
                    wrong.append(f"{row['security']}: {held.quantity}")
        yield path.name, ", ".join(f"{count} {name}" for name, count in counted.items() if count), wrong


def _row(row: dict[str, Any]) -> answers.Transaction:
    """The row that Plaid makes of a custom user's: on its day, in its currency, money out as positive."""
    return _read(
        answers.Transaction,
        {
            "transaction_id": "t",
            "account_id": "a",
            "amount": row["amount"],
            "date": row["date_posted"],
            "name": row["description"],
            "pending": False,
            "iso_currency_code": row["currency"],
        },
    )


def _activity(row: dict[str, Any]) -> answers.Activity:
    amount = Decimal(row["quantity"]) * Decimal(row["price"]) + Decimal(row.get("fees") or 0)
    return _read(
        answers.Activity,
        {
            "investment_transaction_id": "i",
            "account_id": "a",
            "security_id": "s",
            "date": row["date"],
            "name": row["name"],
            "quantity": row["quantity"],
            "price": row["price"],
            "fees": row.get("fees"),
            "amount": amount,
            "type": row["type"],
            "subtype": row.get("subtype") or row["type"],
            "iso_currency_code": row["currency"],
        },
    )


def _holding(row: dict[str, Any]) -> answers.Holding:
    value = Decimal(row["quantity"]) * Decimal(row["institution_price"])
    return _read(
        answers.Holding,
        {
            "account_id": "a",
            "security_id": "s",
            "quantity": row["quantity"],
            "institution_price": row["institution_price"],
            "institution_value": value,
            "cost_basis": row.get("cost_basis"),
            "iso_currency_code": row["currency"],
        },
    )


def _read(type_: type[T], row: dict[str, Any]) -> T:
    body = msgspec.json.Encoder(decimal_format="number").encode(row)
    return http.decoded(httpx.Response(200, content=body), type_)
