"""Webhooks: a real one brings a sync, and nothing else has any effect."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.test import AsyncClient
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from notifications.models import Email
from providers import wiring
from providers.connections.models import Connection
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.jobs import queued
from tests.providers.pages.browsing import signed_in

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


async def test_t13_an_end_that_is_announced_is_told_at_once_and_a_repair_takes_it_back(
    async_client: AsyncClient, ana: User, bank: SandboxBank
) -> None:
    item = new_item(bank)
    connection = await Connection.objects.acreate(
        user_id=ana.id,
        provider="plaid",
        state="active",
        provider_subject=item,
        consent_given_at=timezone.now() - timedelta(days=1),
    )

    async def hear(code: str) -> None:
        assert await send(async_client, bank.control("plaid/webhook", {"code": code, "item": item})) == 204
        await connection.arefresh_from_db()

    for code in ("PENDING_DISCONNECT", "PENDING_EXPIRATION"):
        await Connection.objects.filter(id=connection.id).aupdate(
            state="active", consent_expires_at=None, warned_of=None
        )
        await hear(code)
        assert (connection.state, connection.state_reason) == ("expiring", "consent_expiring")
        assert connection.consent_expires_at is not None
        left = connection.consent_expires_at - timezone.now()
        assert timedelta(days=6) < left <= timedelta(days=7)
        assert connection.healthy_state(timezone.now())[0] == "expiring"  # a sync that works does not hide it
    assert await Email.objects.filter(kind="connection_needs_attention").acount() == 2
    assert await wiring.consent_service().review() == 0
    browser = await signed_in(ana)
    assert "Renew your permission at Plaid" in browser.text(await browser.get("/"))
    await hear("LOGIN_REPAIRED")
    assert (connection.state, connection.consent_expires_at) == ("active", None)
    await Connection.objects.filter(id=connection.id).aupdate(
        state="reauth_required", state_reason="consent_ended"
    )
    await SyncRun.objects.all().adelete()
    await hear("LOGIN_REPAIRED")
    assert (connection.state, connection.state_reason) == ("active", "")
    assert await SyncRun.objects.acount() == 1


async def test_t13_accounts_that_could_be_added_are_proposed(
    async_client: AsyncClient, ana: User, bank: SandboxBank
) -> None:
    item = new_item(bank)
    connection = await Connection.objects.acreate(
        user_id=ana.id, provider="plaid", state="active", provider_subject=item
    )
    browser = await signed_in(ana)
    page = f"/connections/{connection.id}"
    assert "Add accounts" not in browser.text(await browser.get(page))
    told = bank.control("plaid/webhook", {"code": "NEW_ACCOUNTS_AVAILABLE", "item": item})
    assert await send(async_client, told) == 204
    assert "Add accounts" in browser.text(await browser.get(page))
    assert "There are more accounts at Plaid" in browser.text(await browser.get("/"))
    await Connection.objects.filter(id=connection.id).aupdate(
        accounts_offered_at=timezone.now() - timedelta(days=40)
    )
    assert "There are more accounts" not in browser.text(await browser.get("/"))
    assert "Add accounts" in browser.text(await browser.get(page))
