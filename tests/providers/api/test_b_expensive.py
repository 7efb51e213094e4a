"""Expensive requests are limited in number and in size."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from dashtam import limits
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.imports.models import FileImport
from providers.sync.models import SyncRun
from tests.providers.api.test_api_connections import Program, program_of

pytestmark = pytest.mark.django_db
STATEMENT = Path(__file__).parents[1] / "formats" / "ofx" / "files" / "us_checking.qfx"


@pytest.fixture
def hers(ana: User) -> Program:
    return program_of(ana)


async def _import(program: Program) -> Any:
    with STATEMENT.open("rb") as file:
        return await program.client.post("/api/v1/imports", {"file": file}, headers=program.headers)


async def test_b10_while_one_import_runs_no_other_does(hers: Program, ana: User, ben: User) -> None:
    async with limits.concurrent("import", ana.id, at_most=1, seconds=60):
        answers = await asyncio.gather(*(_import(hers) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {429}
        assert all(int(answer["Retry-After"]) > 0 for answer in answers)
        assert not await FileImport.objects.aexists()
        assert (await _import(await run_db(program_of, ben))).status_code == 201
    assert (await _import(hers)).status_code == 201


async def test_b10_while_two_searches_run_no_other_does(hers: Program, ana: User) -> None:
    async with (
        limits.concurrent("search", ana.id, at_most=2, seconds=60),
        limits.concurrent("search", ana.id, at_most=2, seconds=60),
    ):
        answers = await asyncio.gather(*(hers.get("transactions?q=coffee") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {429}
        plain = await asyncio.gather(*(hers.get("transactions") for _ in range(20)))
        assert {answer.status_code for answer in plain} == {200}
    assert (await hers.get("transactions?q=coffee")).status_code == 200


async def test_b10_of_twenty_syncs_at_once_one_runs(hers: Program, ana: User) -> None:
    connection = await Connection.objects.acreate(user=ana, provider="sandbox", state="active")
    path = f"connections/{connection.id}/syncs"
    answers = await asyncio.gather(*(hers.post(path) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await SyncRun.objects.acount() == 1


async def test_b10_syncing_by_hand_has_an_end(hers: Program, ana: User) -> None:
    connection = await Connection.objects.acreate(user=ana, provider="sandbox", state="active")
    answers = []
    for _ in range(35):
        answers.append((await hers.post(f"connections/{connection.id}/syncs")).status_code)
        await SyncRun.objects.all().aupdate(state=SyncRun.State.SUCCEEDED)
    assert answers == [202] * 30 + [429] * 5


@pytest.mark.parametrize("limit", ["501", "1000000000", "1e9", "-1"])
async def test_b10_no_page_is_larger_than_the_cap(hers: Program, limit: str) -> None:
    for path in ("transactions", "imports"):
        assert (await hers.get(f"{path}?limit={limit}")).status_code == 400
