"""The worked example of docs/adding-a-provider.md does what the page says."""

import functools
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from providers.connectors.base import Connector
from providers.connectors.contract.reach import reach
from providers.connectors.contract.steps import Ask, Done, Said
from providers.errors import ConsentEnded, ProviderUnreadable
from providers.records import AccountRef
from providers.wire import http
from providers.wire.placing import GrantAuth
from tests.providers.connectors.connector_contract import assert_well_formed
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
