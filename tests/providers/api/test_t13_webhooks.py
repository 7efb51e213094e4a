"""Webhooks: a real one brings a sync, and nothing else has any effect."""

from typing import Any

import httpx
import pytest
from django.test import AsyncClient

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.jobs import queued

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _keys(bank: SandboxBank, settings: Any) -> None:
    settings.PLAID_URL = f"{bank.url}/plaid"
    settings.PLAID_CLIENT_ID = bank.client_id
    settings.PLAID_SECRET = bank.client_secret


def new_item(bank: SandboxBank) -> str:
    """The id of an Item that has just been made."""
    keys = {"PLAID-CLIENT-ID": bank.client_id, "PLAID-SECRET": bank.client_secret}
    with httpx.Client(base_url=f"{bank.url}/plaid", headers=keys) as client:
        made = client.post(
            "/sandbox/public_token/create", json={"institution_id": "i", "initial_products": ["transactions"]}
        )
        token = {"public_token": made.json()["public_token"]}
        found: str = client.post("/item/public_token/exchange", json=token).json()["item_id"]
    return found


async def send(client: AsyncClient, told: dict[str, Any], slug: str = "plaid", body: str = "") -> int:
    answer = await client.post(
        f"/api/v1/webhooks/{slug}",
        data=body or told["body"],
        content_type="application/json",
        headers=told["headers"],
    )
    assert answer.content == b"" or answer.status_code == 404
    return int(answer.status_code)


async def test_a_real_webhook_brings_one_sync_and_a_stranger_none(
    async_client: AsyncClient, ana: User, bank: SandboxBank
) -> None:
    item = new_item(bank)
    connection = await Connection.objects.acreate(
        user_id=ana.id, provider="plaid", state="active", provider_subject=item
    )
    told = bank.control("plaid/webhook", {"code": "SYNC_UPDATES_AVAILABLE", "item": item})
    assert await send(async_client, told, body=told["body"] + " ") == 204
    assert await send(async_client, told, slug="sandbox") == 204
    assert await send(async_client, told, slug="no-such-bank") == 404
    assert await send(async_client, {"headers": {}, "body": told["body"]}) == 204
    assert not await SyncRun.objects.aexists()

    assert await send(async_client, told) == 204
    assert await send(async_client, told) == 204
    run = await SyncRun.objects.aget()
    assert (run.connection_id, run.state) == (connection.id, "queued")
    assert [name for name, _ in await run_db(queued)] == ["providers.tasks.run_sync"]


async def test_a_webhook_about_a_connection_that_has_ended_does_nothing(
    async_client: AsyncClient, ana: User, bank: SandboxBank
) -> None:
    item = new_item(bank)
    await Connection.objects.acreate(
        user_id=ana.id, provider="plaid", state="disconnected", provider_subject=item
    )
    told = bank.control("plaid/webhook", {"code": "LOGIN_REPAIRED", "item": item})
    assert await send(async_client, told) == 204
    assert not await SyncRun.objects.aexists()
