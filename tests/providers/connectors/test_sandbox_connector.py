"""The Sandbox Bank's connector against the bank itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, ClassVar

import httpx
import msgspec
import pytest

from providers import connectors
from providers.connectors.base import Connector
from providers.errors import ProviderUnreadable
from providers.records import AccountRef, AccountType
from providers.simulator.process import SandboxBank
from providers.wire import http, oauth
from tests.providers.conftest import REDIRECT_URI
from tests.providers.connections.linking import returned
from tests.providers.connectors.connector_contract import ConnectorContract, Expected
from tests.providers.wire.canned import answer, canned

TYPES: dict[str, tuple[AccountType, int]] = {
    "CHECKING": ("depository", 1),
    "SAVINGS": ("depository", 1),
    "CREDIT_CARD": ("credit", -1),
    "MORTGAGE": ("loan", -1),
    "BROKERAGE": ("investment", 1),
}


class TestSandboxConnector(ConnectorContract):
    connector: ClassVar[Connector] = connectors.get("sandbox")

    @pytest.fixture(autouse=True)
    def _bank(self, bank: SandboxBank) -> None:
        self.bank = bank

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        server, verifier = self.connector.oauth, oauth.new_code_verifier()
        url = await oauth.authorization_url(
            server, redirect_uri=REDIRECT_URI, state="s", code_verifier=verifier
        )
        code = returned(self.bank.decide(url))["code"]
        tokens = await oauth.exchange_code(
            server, code=code, code_verifier=verifier, redirect_uri=REDIRECT_URI
        )
        async with http.client(self.connector.base_url, http.BearerAuth(tokens.access_token)) as client:
            yield client

    def expected(self) -> dict[str, Expected]:
        return {
            row["id"]: self.in_our_words(row) for row in self.bank.control("truth?customer=ana")["accounts"]
        }

    def in_our_words(self, row: dict[str, Any]) -> Expected:
        type_, sign = TYPES[row["kind"]]
        units = {held["security_id"]: Decimal(held["units"]) for held in row["holdings"]}
        return Expected(
            type=type_,
            current=sign * Decimal(row["current"]),
            posted=row["posted"]["count"],
            posted_sum=Decimal(row["posted"]["sum"]),
            units=units if type_ == "investment" else None,
        )

    async def test_t13_its_lots_are_the_purchases_that_are_left(self) -> None:
        truth = next(row for row in self.bank.control("truth?customer=ana")["accounts"] if row["holdings"])
        async with self.client() as client:
            record = await self.connector.fetch_holdings(client, AccountRef(truth["id"], "investment"))
        told = {
            held.security_id: [(lot.quantity, lot.cost_basis) for lot in held.lots or ()]
            for held in record.holdings
        }
        assert told == {
            held["security_id"]: [(Decimal(lot["units"]), Decimal(lot["cost_basis"])) for lot in held["lots"]]
            for held in truth["holdings"]
        }
        assert all(
            lot.opened_at and lot.market_value and lot.id
            for held in record.holdings
            for lot in held.lots or ()
        )

    def answer_garbage(self) -> None:
        self.bank.control("faults", {"target": "any", "mode": "garbage", "times": 100})

    def end_consent(self) -> None:
        self.bank.control("revoke", {"customer": "ana"})


ROW = {
    "id": "t1",
    "posted_on": "2026-03-01",
    "transacted_at": "2026-02-28T23:59:00Z",
    "state": "POSTED",
    "amount": "12.50",
    "direction": "DEBIT",
    "currency": "USD",
    "description": "Café",
    "type": "CARD_PURCHASE",
    "pending_id": None,
    "category": "FOOD",
    "security_id": None,
    "units": None,
    "unit_price": None,
    "fees": None,
}


async def read(row: dict[str, Any]) -> Any:
    """The record the connector makes of one row of a bank that sends what we choose."""
    feed = {"added": [row], "modified": [], "removed": [], "next_cursor": "c", "has_more": False}
    async with canned(answer(msgspec.json.encode(feed))) as server, http.client(server.url) as client:
        page = await connectors.get("sandbox").fetch_transactions(client, AccountRef("a", "depository"), "")
    return page.added[0]


async def test_a_debit_is_money_out_on_the_day_it_posted() -> None:
    record = await read(ROW)
    assert (record.amount, record.date.isoformat(), record.status) == (
        Decimal("-12.50"),
        "2026-03-01",
        "posted",
    )


async def test_a_pending_row_counts_for_the_day_it_was_made() -> None:
    record = await read(ROW | {"posted_on": None, "state": "PENDING"})
    assert (record.status, record.date.isoformat(), record.posted_at) == ("pending", "2026-02-28", None)


async def test_units_sold_are_negative() -> None:
    record = await read(ROW | {"type": "SELL", "direction": "CREDIT", "units": "3.5", "security_id": "s"})
    assert (record.kind, record.quantity, record.amount) == ("sell", Decimal("-3.5"), Decimal("12.50"))


async def test_a_type_we_do_not_know_is_kept_in_the_banks_word() -> None:
    record = await read(ROW | {"type": "LOYALTY_SWEEP"})
    assert (record.kind, record.source_code) == ("unknown", "LOYALTY_SWEEP")


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 12.5},
        {"amount": "NaN"},
        {"amount": "Infinity"},
        {"amount": "1e9"},
        {"amount": "-12.50"},
        {"amount": "9" * 19},
        {"amount": ""},
        {"amount": None},
        {"direction": "SIDEWAYS"},
        {"state": "MAYBE"},
        {"state": "POSTED", "posted_on": None},
        {"state": "PENDING"},
        {"posted_on": "2026-02-30"},
        {"transacted_at": "2026-02-28T23:59:00"},
        {"id": ""},
        {"id": 7},
        {"currency": "usd"},
        {"description": None},
        {"units": "-1"},
    ],
)
async def test_a_row_with_one_wrong_field_makes_the_page_unreadable(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProviderUnreadable):
        await read(ROW | wrong)


@pytest.mark.parametrize("missing", sorted(ROW))
async def test_a_row_without_one_of_its_fields_makes_the_page_unreadable(missing: str) -> None:
    with pytest.raises(ProviderUnreadable):
        await read({name: value for name, value in ROW.items() if name != missing})


async def test_an_account_id_cannot_lead_to_another_address() -> None:
    async with canned(answer("[]")) as server, http.client(server.url) as client:
        with pytest.raises(ProviderUnreadable):
            await connectors.get("sandbox").fetch_holdings(
                client, AccountRef("../../oauth/revoke?x=#y", "investment")
            )
    assert server.requests[0].startswith(
        b"GET /api/v1/accounts/..%2F..%2Foauth%2Frevoke%3Fx%3D%23y/holdings "
    )
