"""Connections and imports of one person are bounded."""

from typing import Any

import pytest

from accounts.models import AuditEvent, User
from dashtam.bridge.doors import run_db
from dashtam.errors import TooManyRequests
from providers import wiring
from providers.connections.errors import TooManyConnections
from providers.connections.models import Connection
from providers.connections.models.authorization import MOST_CONNECTIONS
from providers.imports.errors import StatementUnreadable
from providers.imports.import_service import IMPORT_BY_PERSON, ImportService
from providers.imports.models import FileImport


async def test_s05_connections_are_started_so_many_times_an_hour(ana: User, ben: User, settings: Any) -> None:
    settings.SANDBOX_URL, settings.SANDBOX_CLIENT_ID = "http://127.0.0.1:1", "id"
    settings.SANDBOX_CLIENT_SECRET = "secret"
    service = wiring.connection_service()
    for _ in range(20):
        await service.start(user_id=ana.id, provider="sandbox")
    with pytest.raises(TooManyRequests) as refused:
        await service.start(user_id=ana.id, provider="sandbox")
    assert refused.value.retry_after
    assert await AuditEvent.objects.filter(action="connection.started").acount() == 20
    await service.start(user_id=ben.id, provider="sandbox")


async def test_s05_one_person_has_a_bounded_number_of_connections(ana: User, settings: Any) -> None:
    settings.SANDBOX_URL, settings.SANDBOX_CLIENT_ID = "http://127.0.0.1:1", "id"
    settings.SANDBOX_CLIENT_SECRET = "secret"
    many = [Connection(user=ana, provider="sandbox", state="disconnected") for _ in range(MOST_CONNECTIONS)]
    await run_db(Connection.objects.bulk_create, many)
    with pytest.raises(TooManyConnections):
        await wiring.connection_service().start(user_id=ana.id, provider="sandbox")


async def test_s05_junk_is_imported_so_many_times_and_the_latest_failures_are_kept(
    ana: User, ben: User
) -> None:
    old = [
        FileImport(user=ana, state="failed", sha256="x", size=1)
        for _ in range(FileImport.objects.FAILED_KEPT)
    ]
    await run_db(FileImport.objects.bulk_create, old)
    theirs = await FileImport.objects.acreate(user=ben, state="failed", sha256="x", size=1)
    service = wiring.import_service()
    for number in range(IMPORT_BY_PERSON.times):
        with pytest.raises(StatementUnreadable):
            await _import(service, ana, number)
    with pytest.raises(TooManyRequests):
        await _import(service, ana, 1_000)
    assert await FileImport.objects.filter(user=ana).acount() <= FileImport.objects.FAILED_KEPT
    assert await FileImport.objects.filter(id=theirs.id).aexists()


async def _import(service: ImportService, user: User, number: int) -> FileImport:
    junk = f"junk {number}".encode()
    return await service.import_statement(user_id=user.id, filename="x", data=junk, account_id=None)
