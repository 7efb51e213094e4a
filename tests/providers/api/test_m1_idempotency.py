"""Idempotency-Key on what providers create: connections, renewed consents, syncs and imports."""

import secrets
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from providers.connections.models import AuthorizationRequest, Connection
from providers.imports.models import FileImport
from providers.ledger.models import Transaction
from providers.simulator.process import SandboxBank
from tests.providers.api.test_api_connections import Program, program_of
from tests.providers.connections.linking import connect
from tests.providers.imports.test_imports import line, statement


class Persistent(Program):
    """A program that sends everything with one key."""

    def __init__(self, program: Program, key: str = "") -> None:
        self.client = program.client
        self.headers = {**program.headers, "idempotency-key": key or secrets.token_hex(8)}

    async def upload(self, data: bytes, name: str = "march.ofx") -> Any:
        """The file as a form, whose boundary is new each time, as clients do it."""
        boundary = secrets.token_hex(8)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        content_type = f"multipart/form-data; boundary={boundary}"
        return await self.client.generic(
            "POST", "/api/v1/imports", body, content_type=content_type, headers=self.headers
        )


@pytest.fixture
def hers(ana: User) -> Persistent:
    return Persistent(program_of(ana))


async def test_m1_a_connection_is_begun_once(hers: Persistent, bank: SandboxBank) -> None:
    first = await hers.post("connections", {"provider": "sandbox"})
    again = await hers.post("connections", {"provider": "sandbox"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Location"] == first["Location"] == f"/api/v1/connections/{first.json()['id']}"
    assert again["Idempotency-Replayed"] == "true"
    assert await Connection.objects.acount() == 1


async def test_m1_an_unknown_institution_stays_unknown_for_the_key(
    hers: Persistent, bank: SandboxBank
) -> None:
    for replayed in (False, True):
        answer = await hers.post("connections", {"provider": "nobody"})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_provider")
        assert ("Idempotency-Replayed" in answer) == replayed


async def test_m1_a_consent_is_renewed_and_a_sync_asked_for_once(
    ana: User, hers: Persistent, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    before = await AuthorizationRequest.objects.acount()
    for path in (f"connections/{connection.id}/reauthorizations", f"connections/{connection.id}/syncs"):
        first, again = await hers.post(path), await hers.post(path)
        assert first.status_code in {201, 202}
        assert again.content == first.content
        assert again["Idempotency-Replayed"] == "true"
    assert await AuthorizationRequest.objects.acount() == before + 1
    other = await hers.post(f"connections/{uuid4()}/syncs")
    assert (other.status_code, "Idempotency-Replayed" in other) == (404, False)


async def test_m1_a_file_is_brought_in_once(hers: Persistent) -> None:
    data = statement(line("1"), line("2"))
    first, again = await hers.upload(data), await hers.upload(data)
    assert (first.status_code, again.status_code) == (201, 201), first.content
    assert again.content == first.content
    assert again["Location"] == f"/api/v1/imports/{first.json()['id']}"
    assert (await FileImport.objects.acount(), await Transaction.objects.acount()) == (1, 2)
    other = await hers.upload(statement(line("3")))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    renamed = await hers.upload(data, "april.ofx")
    assert renamed.json()["code"] == "idempotency_key_reused"


async def test_m1_a_file_that_cannot_be_read_is_refused_alike_and_kept_once(hers: Persistent) -> None:
    for _ in range(2):
        answer = await hers.upload(b"%PDF-1.7")
        assert (answer.status_code, answer.json()["code"]) == (422, "not_a_statement")
    assert await FileImport.objects.acount() == 1
