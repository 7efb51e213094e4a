"""The worked example of docs/adding-a-provider.md does what the page says."""

import functools
import hmac
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from accounts.models import User
from providers import wiring
from providers.connections.models import Connection
from providers.connectors.base import Connector
from providers.connectors.contract.reach import reach
from providers.connectors.contract.steps import Ask, Done, Said
from providers.errors import ConsentEnded, ProviderUnreadable
from providers.ledger.models import Transaction
from providers.pages.presentation.connections import sync_rows
from providers.records import AccountRecord, AccountRef, TransactionRecord
from providers.sync import queries
from providers.wire import http
from providers.wire.placing import GrantAuth
from tests.providers.connectors import toys
from tests.providers.connectors.connector_contract import assert_well_formed
from tests.providers.sync.test_sync import sync
from tests.providers.wire.canned import answer, canned

PAGE = Path(__file__).parents[3] / "docs" / "adding-a-provider.md"
ACCOUNTS = (
    '[{"id": "l-1234", "label": "Car", "product": "loan", "currency": "USD", "balance": 1200.10,'
    ' "at": "2026-03-01T00:00:00Z"}]'
)
ENTRY = (
    '[{"id": "e1", "day": "2026-03-01", "at": "2026-03-01T09:00:00Z", "amount": 0.1, "side": "out",'
    ' "currency": "USD", "code": "NEW", "text": "Coffee"}]'
)


NAMES = """
import hmac
from datetime import datetime

import httpx

from providers.connectors import base
from providers.connectors.contract.facts import Facts
from providers.connectors.contract.steps import Ask, Done, Field, Reach, Said, Step
from providers.errors import ConsentEnded, ProviderError
from providers.wire.grants import Grant
from providers.wire.placing import Placement, Secrets, Signature, Unsigned
"""


def written(number: int, before: str = "") -> dict[str, Any]:
    """The names that an example of the page defines."""
    source = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[number]
    names: dict[str, Any] = {"__name__": __name__}
    exec(compile(before + source, str(PAGE), "exec"), names)  # noqa: S102 our own page
    return names


@pytest.fixture
def lantern(settings: Any) -> Connector:
    settings.LANTERN_CLIENT_ID = settings.LANTERN_CLIENT_SECRET = "x"
    connector: Connector = written(0)["LanternConnector"]()
    return connector


async def test_its_debts_are_negative_and_its_floats_exact(lantern: Connector) -> None:
    async with canned(answer(ACCOUNTS)) as server, http.client(server.url) as client:
        (account,) = await lantern.fetch_accounts(client)
    assert (account.current, account.mask, account.type) == (Decimal("-1200.10"), "1234", "loan")
    assert account.as_of == datetime(2026, 3, 1, tzinfo=UTC)
    assert_well_formed(account)


async def test_it_pages_to_the_end_and_keeps_a_word_it_does_not_know(lantern: Connector) -> None:
    async with canned(answer(ENTRY), answer("[]")) as server, http.client(server.url) as client:
        page = await lantern.fetch_transactions(client, AccountRef("l-1234", "depository"), "")
        last = await lantern.fetch_transactions(client, AccountRef("l-1234", "depository"), page.next_cursor)
    (row,) = page.added
    assert (row.amount, row.kind, row.source_code, page.has_more) == (Decimal("-0.1"), "unknown", "NEW", True)
    assert (last.next_cursor, last.has_more) == ("e1", False)
    assert b"GET /accounts/l-1234/entries?after=e1 " in server.requests[1]


async def test_a_side_it_does_not_know_is_unreadable(lantern: Connector) -> None:
    async with canned(answer(ENTRY.replace("out", "up"))) as server, http.client(server.url) as client:
        with pytest.raises(ProviderUnreadable):
            await lantern.fetch_transactions(client, AccountRef("l-1234", "depository"), "")


def test_it_says_how_consent_is_given(lantern: Connector) -> None:
    assert lantern.configured
    assert lantern.oauth.consent_lifetime_days == 90
    assert lantern.base_url == "https://api.lantern.example"


async def test_t02_its_key_pair_is_asked_for_and_signs_what_is_read() -> None:
    harbour: Connector = written(2, NAMES)["HarbourConnector"]()
    opened = functools.partial(reach, harbour)
    asked = await harbour.link(opened, Said())
    assert isinstance(asked, Ask)
    done = await harbour.link(opened, Said(answers={field.name: "x" for field in asked.fields}))
    assert isinstance(done, Done)
    async with canned(answer("{}"), answer("KEY WITHDRAWN")) as server:
        auth = GrantAuth(done.grant.secrets, harbour.placement)
        async with http.client(server.url, auth, fault=harbour.fault) as client:
            await http.request(client, "GET", "/balances")
            with pytest.raises(ConsentEnded):
                await http.request(client, "GET", "/balances")
    head = server.requests[0].decode()
    assert "x-key: x" in head.lower()
    assert re.search(r"x-signature: \d{14} GET /balances [0-9a-f]{64}", head, re.IGNORECASE)


def test_t02_its_facts_are_told(lantern: Connector) -> None:
    assert (lantern.consent_life, lantern.facts.history) == (timedelta(days=90), timedelta(days=730))


PULL_NAMES = """
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx

from providers.connectors.contract.batches import Batch, Cover, Wanted, unknown_words
"""


@pytest.mark.django_db(transaction=False)
async def test_t13_what_the_page_shows_brings_a_provider_from_its_questions_to_the_ledger(ana: User) -> None:
    """The page's access and its `pull`, with the mapping of rows that only a provider's own author can write."""
    harbour, pull = written(2, NAMES)["HarbourConnector"], written(3, PULL_NAMES)["pull"]

    async def accounts(_self: Connector, client: httpx.AsyncClient) -> list[AccountRecord]:
        row = json.loads((await http.request(client, "GET", "/balances")).text)
        balance, as_of = Decimal(row["balance"]), datetime(2026, 3, 1, tzinfo=UTC)
        return [AccountRecord("h1", "Berth", "1", "depository", "", "USD", balance, None, None, as_of)]

    async def rows(
        _self: Connector, client: httpx.AsyncClient, first: date, last: date
    ) -> dict[str, list[TransactionRecord]]:
        listed = json.loads(
            (await http.request(client, "GET", "/rows", params={"from": first.isoformat()})).text
        )
        days = [(row, date.fromisoformat(row["day"])) for row in listed]
        return {"h1": [entry(row, day) for row, day in days if first <= day <= last]}

    def entry(row: dict[str, str], day: date) -> TransactionRecord:
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return TransactionRecord(
            row["id"], day, at, "posted", Decimal(row["amount"]), "USD", row["text"], "unknown", row["code"]
        )

    def desk(asked: toys.Request) -> bytes:
        told = asked.headers["x-signature"].rpartition(" ")
        mac = hmac.digest(b"s", told[0].encode(), "sha256").hex()
        if withdrawn or (asked.headers["x-key"], told[2]) != ("k", mac):
            return answer("KEY WITHDRAWN")
        day = (datetime.now(UTC) - timedelta(days=100)).date()
        row = {"id": "r1", "day": str(day), "amount": "-3.05", "text": "Mooring", "code": "BUOY"}
        return answer('{"balance": "12.30"}' if asked.path == "/balances" else json.dumps([row]))

    withdrawn = False
    async with toys.open_for_business(desk) as bank:
        own = {"base_url": bank.url, "pull": pull, "_accounts": accounts, "_rows": rows}
        own |= {"capabilities": ("accounts", "balances", "transactions"), "fetch_subject": subject}
        with toys.registered(type("Harbour", (harbour,), own)()):
            service = wiring.connection_service()
            started = await service.start(
                user_id=ana.id, provider="harbour", credentials={"key": "k", "secret": "s"}
            )
            connection = await Connection.objects.aget(id=started.connection.id)
            run = await sync(connection)
            assert (run.state, run.error_code, run.added, connection.state) == ("succeeded", "", 1, "active")
            assert run.notices == {"unknown BUOY": 1}
            listed = (await queries.sync_runs(ana.id, connection.id)).results
            [shown] = sync_rows(listed, "Harbour Data", [])[-1].problems
            assert shown == "Not understood, and kept as it came or left out: unknown BUOY (1)."
            stored = await Transaction.objects.aget()
            assert (stored.amount, stored.kind, stored.source_code) == (Decimal("-3.05"), "unknown", "BUOY")
            withdrawn = True
            assert (await sync(connection)).error_code == "consent_ended"
            assert connection.state == "reauth_required"


async def subject(_self: Connector, _client: httpx.AsyncClient) -> str:
    return "harbour-1"
