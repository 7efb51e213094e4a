"""Plaid's connector against the vendor's dialect over real HTTP."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from providers.connectors.contract.reach import reach
from providers.connectors.contract.steps import Done, Said, Visit
from providers.connectors.plaid.connector import PlaidConnector
from providers.simulator.process import SandboxBank
from providers.wire.grants import Grant
from tests.providers.connectors.household import pull, told, truth

CONNECTOR = PlaidConnector()
BACK = "https://dashtam.example/providers/plaid/callback"


@pytest.fixture(autouse=True)
def _keys(bank: SandboxBank, settings: Any) -> None:
    settings.PLAID_URL = f"{bank.url}/plaid"
    settings.PLAID_CLIENT_ID = bank.client_id
    settings.PLAID_SECRET = bank.client_secret
    settings.PLAID_COUNTRIES = "US, CA"


def reached(url: str = "", grant: Grant | None = None) -> httpx.AsyncClient:
    return reach(CONNECTOR, url, grant)


async def visit(renews: Grant | None = None, decision: str = "approve") -> tuple[Visit, Said]:
    """A visit to the hosted page, and what is said when we look at it afterwards."""
    said = Said(
        state="s" * 43, redirect_uri=BACK, renews=renews, answers={"kind": "bank"} if not renews else {}
    )
    page = await CONNECTOR.link(reached, said)
    assert isinstance(page, Visit)
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(page.url, data={"customer": "ana", "decision": decision})
    assert answer.headers["Location"] == f"{BACK}?state={'s' * 43}"
    return page, Said(kept=page.kept, renews=renews)


async def linked() -> Done:
    _, said = await visit()
    done = await CONNECTOR.link(reached, said)
    assert isinstance(done, Done)
    return done


async def post(path: str, grant: Grant, **members: Any) -> dict[str, Any]:
    async with reached(grant=grant) as client:
        found: dict[str, Any] = (await client.post(path, json=members)).json()
    return found


async def test_plaid_brings_the_household_and_then_only_what_is_new(bank: SandboxBank) -> None:
    done = await linked()
    pulled = await pull(CONNECTOR, done.grant)
    for mask, own in truth(bank).items():
        assert told(pulled, mask) == own, mask
    invests = pulled.accounts[pulled.of("5562")]
    assert invests.current is not None
    assert [invests.current - truth(bank)["5562"]["value"]] == [amount for unit, amount in invests.pockets]
    named = {row.id for row in pulled.holdings[invests.id].securities}
    assert {row.security_id for row in pulled.posted(invests.id) if row.security_id} <= named
    assert all(
        row.kind != "unknown" and row.source_code
        for rows in pulled.rows.values()
        for row in rows.values()
        if row.kind != "unknown" or not row.source_code
    )
    kinds = Counter(row.kind for rows in pulled.rows.values() for row in rows.values())
    assert kinds["unknown"] == 0
    held = [batch.final for batch in pulled.batches]
    assert held.count(False) > 1
    assert held[-1]
    assert list(pulled.cursors) == [""]

    bank.control("advance", {"days": 3})
    again = await pull(CONNECTOR, done.grant, pulled, first=datetime.now(UTC).date() - timedelta(days=30))
    for mask, own in truth(bank).items():
        assert told(again, mask) == own, mask
