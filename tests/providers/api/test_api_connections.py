"""Connections and the catalogue over the API."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from django.test import AsyncClient

from accounts.models import Session, User
from accounts.wiring import jwt_service
from dashtam.bridge.doors import run_db
from providers import wiring
from providers.connections import queries
from providers.connections.models import Connection, ProviderToken
from providers.simulator.process import SandboxBank
from tests.providers.connections.linking import Trip, connect

FIELDS = {
    "accounts_offered_at",
    "quotas",
    "id",
    "provider",
    "provider_name",
    "institution",
    "state",
    "state_reason",
    "consent_expires_at",
    "last_success_at",
    "last_attempt_at",
    "next_sync_at",
    "created_at",
    "deleted_accounts",
}


class Program:
    """A program with a person's access token."""

    def __init__(self, token: str) -> None:
        self.client = AsyncClient(raise_request_exception=False)
        self.headers = {"authorization": f"Bearer {token}"} if token else {}

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        data = b"" if body is None else msgspec.json.encode(body)
        return await self.client.generic(
            method, f"/api/v1/{path}", data, content_type="application/json", headers=self.headers
        )

    async def get(self, path: str) -> Any:
        return await self.call("GET", path)

    async def post(self, path: str, body: Any = None) -> Any:
        return await self.call("POST", path, body)


def program_of(user: User) -> Program:
    session = Session.objects.made(user_id=user.id, kind=Session.Kind.API, user_agent="test", ip=None)
    session.save()
    return Program(jwt_service().create_access_token(user_id=user.id, session_id=session.id).token)


@pytest.fixture
def hers(ana: User) -> Program:
    return program_of(ana)


@pytest.fixture
def his(ben: User) -> Program:
    return program_of(ben)


async def test_the_catalogue_says_what_can_be_connected_here(
    hers: Program, bank: SandboxBank, settings: Any
) -> None:
    rows = {row["slug"]: row for row in (await hers.get("providers")).json()["results"]}
    assert (rows["sandbox"]["auth"], rows["sandbox"]["configured"]) == ("oauth2", True)
    assert "holdings" in rows["sandbox"]["capabilities"]
    assert (rows["ofx"]["auth"], rows["ofx"]["configured"]) == ("file", True)
    settings.SANDBOX_URL = ""
    rows = {row["slug"]: row for row in (await hers.get("providers")).json()["results"]}
    assert rows["sandbox"]["configured"] is False


async def test_a_program_starts_a_connection_and_a_browser_finishes_it(
    ana: User, hers: Program, bank: SandboxBank
) -> None:
    answer = await hers.post("connections", {"provider": "sandbox"})
    assert answer.status_code == 201
    started = answer.json()
    assert started["state"] == "pending"
    assert started["authorization_url"].startswith("http://testserver/connections/start/")
    assert bank.url not in answer.content.decode()
    trip = Trip(ana, bank, started["id"], started["authorization_url"].rpartition("/")[2])
    await trip.come_back(await trip.decide())
    found = (await hers.get(f"connections/{started['id']}")).json()
    assert set(found) == FIELDS
    assert (found["state"], found["provider"], found["provider_name"]) == (
        "active",
        "sandbox",
        "Sandbox Bank",
    )
    assert found["consent_expires_at"].endswith("Z")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"provider": "nobody"}, 404, "unknown_provider"),
        ({"provider": "ofx"}, 422, "provider_takes_files"),
        ({"provider": "https://evil.example"}, 400, "validation_failed"),
        ({"provider": 7}, 404, "unknown_provider"),
        ({"provider": "sandbox", "issuer": "https://evil.example"}, 400, "validation_failed"),
        ({"provider": ["sandbox"]}, 400, "validation_failed"),
        ({"provider": "a\x00b"}, 400, "validation_failed"),
        ({}, 400, "validation_failed"),
        ([], 400, "malformed_json"),
    ],
)
async def test_what_cannot_be_connected_is_a_typed_problem(
    body: Any, status: int, code: str, hers: Program, bank: SandboxBank
) -> None:
    answer = await hers.post("connections", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert not await Connection.objects.aexists()


async def test_a_provider_without_client_id_or_address_is_not_configured(
    hers: Program, settings: Any
) -> None:
    settings.SANDBOX_URL = ""
    answer = await hers.post("connections", {"provider": "sandbox"})
    assert (answer.status_code, answer.json()["code"]) == (422, "provider_not_configured")


async def test_connections_come_newest_first_in_pages(ana: User, hers: Program) -> None:
    made = [
        await Connection.objects.acreate(user=ana, provider="sandbox", provider_subject=str(n))
        for n in range(5)
    ]
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = (await hers.get(f"connections?limit=2&cursor={cursor}")).json()
        seen += [row["id"] for row in page["results"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (seen, pages) == ([str(connection.id) for connection in reversed(made)], 3)


@pytest.mark.parametrize(
    "query", ["cursor=x", "limit=0", "limit=501", "cursor=WyJhIl0", "cursor=WyIyMDI2IiwgIngiXQ"]
)
async def test_a_wrong_page_is_a_validation_problem(query: str, hers: Program) -> None:
    answer = await hers.get(f"connections?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


async def test_disconnecting_answers_204_and_erases(ana: User, hers: Program, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    assert (await hers.call("DELETE", f"connections/{connection.id}")).status_code == 204
    assert not await ProviderToken.objects.aexists()
    assert (await hers.get(f"connections/{connection.id}")).json()["state"] == "disconnected"


async def test_a_reauthorization_gives_a_new_link_and_changes_nothing_yet(
    ana: User, hers: Program, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    answer = await hers.post(f"connections/{connection.id}/reauthorizations")
    assert (answer.status_code, answer.json()["state"]) == (201, "active")
    assert answer.json()["authorization_url"].startswith("http://testserver/connections/start/")


@pytest.mark.parametrize(
    "ask",
    [
        lambda who, which: who.get(f"connections/{which}"),
        lambda who, which: who.call("DELETE", f"connections/{which}"),
        lambda who, which: who.post(f"connections/{which}/reauthorizations"),
    ],
)
async def test_another_persons_connection_is_not_there(
    ask: Callable[..., Any], ana: User, his: Program, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    for which in (connection.id, uuid4()):
        answer = await ask(his, which)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await his.get("connections")).json()["results"] == []
    assert await ProviderToken.objects.aexists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "providers"),
        ("GET", "connections"),
        ("POST", "connections"),
        ("DELETE", f"connections/{UUID(int=7)}"),
    ],
)
async def test_nothing_here_is_public(method: str, path: str, db: None) -> None:
    answer = await Program("").call(method, path)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


async def test_a_list_of_connections_takes_a_constant_number_of_queries(
    ana: User, hers: Program, django_assert_num_queries: Any
) -> None:
    for n in range(7):
        await Connection.objects.acreate(user=ana, provider="sandbox", provider_subject=str(n))

    counter = await run_db(django_assert_num_queries, 1)
    await run_db(counter.__enter__)
    assert len((await queries.connections(ana.id)).results) == 7
    await run_db(counter.__exit__, None, None, None)


async def test_the_catalogue_is_cached_until_a_connection_comes_or_goes(ana: User) -> None:
    async def mine() -> int:
        return sum(row["connections"] for row in await queries.providers_catalogue(ana.id))

    connection = await Connection.objects.acreate(user=ana, provider="sandbox", state="active")
    assert await mine() == 1
    await Connection.objects.filter(id=connection.id).aupdate(state="disconnected")
    assert await mine() == 1, "answered from the cache"
    await Connection.objects.filter(id=connection.id).aupdate(state="active")
    await wiring.connection_service().disconnect(user_id=ana.id, connection_id=connection.id)
    assert await mine() == 0
