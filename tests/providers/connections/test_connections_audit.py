"""Audit events of connections."""

import pytest

from accounts.models import AuditEvent, User
from dashtam.bridge.doors import run_db
from dashtam.errors import DashtamError
from providers.connections.models import Connection
from providers.simulator.process import SandboxBank
from providers.wiring import connection_service
from tests.providers.connections.linking import connect, restart, start


async def events(user: User) -> list[AuditEvent]:
    return [event async for event in AuditEvent.objects.filter(user_id=user.id).order_by("id")]


async def test_n2_a_connection_from_its_start_to_its_end(ana: User, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    await run_db(
        Connection.objects.end_consent,
        id=connection.id,
        state=Connection.State.REVOKED,
        reason="revoked_by_user",
    )
    trip = await restart(ana, bank, connection)
    await trip.come_back(await trip.decide())
    for _ in range(2):
        await connection_service().disconnect(user_id=ana.id, connection_id=connection.id)
    kept = await events(ana)
    assert [(event.action, event.actor_id) for event in kept] == [
        ("connection.started", ana.id),
        ("connection.linked", ana.id),
        ("connection.stopped", None),
        ("connection.renewal_started", ana.id),
        ("connection.linked", ana.id),
        ("connection.disconnected", ana.id),
    ]
    assert {event.detail["connection_id"] for event in kept} == {str(connection.id)}
    assert {event.detail["provider"] for event in kept} == {"sandbox"}
    assert kept[2].detail["reason"] == "revoked_by_user"


async def test_n2_a_consent_that_was_refused(ana: User, bank: SandboxBank) -> None:
    trip = await start(ana, bank)
    with pytest.raises(DashtamError):
        await trip.come_back(await trip.decide(decision="deny"))
    started, refused = await events(ana)
    assert (refused.action, refused.detail["outcome"]) == ("connection.refused", "access_denied")
    assert refused.detail["connection_id"] == started.detail["connection_id"] == str(trip.connection_id)
