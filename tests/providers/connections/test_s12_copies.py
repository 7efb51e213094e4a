"""A restored copy of an installation leaves the original's consents alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.installation.identity import Installation
from providers import wiring
from providers.connections.models import Connection, PendingRevocation, ProviderToken
from providers.errors import ConsentEnded, OutgoingPaused
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.jobs import queued
from tests.providers.connections.linking import connect, start

pytestmark = pytest.mark.django_db


async def restored(ana: User, bank: SandboxBank) -> Connection:
    """A connection that is due, in a database that was restored elsewhere."""
    connection = await connect(ana, bank)
    await Installation.objects.aupdate(database_oid=4711)
    await ProviderToken.objects.aupdate(access_expires_at=timezone.now())
    return connection


def calls(bank: SandboxBank) -> dict[str, int]:
    return dict(bank.control("log")["counts"])


async def test_s12_a_copy_syncs_refreshes_revokes_and_links_nothing(ana: User, bank: SandboxBank) -> None:
    connection = await restored(ana, bank)
    await SyncRun.objects.all().adelete()
    before, jobs = calls(bank), await run_db(queued)
    assert await wiring.sync_service().schedule_due() == 0
    assert await run_db(queued) == jobs
    with pytest.raises(OutgoingPaused):
        await wiring.token_service().get_access_token(connection_id=connection.id)
    trip = await start(ana, bank)
    with pytest.raises(OutgoingPaused):
        await trip.leave()
    await wiring.connection_service().disconnect(user_id=ana.id, connection_id=connection.id)
    revocation = await PendingRevocation.objects.aget()
    with pytest.raises(OutgoingPaused):
        await wiring.consent_service().revoke(revocation_id=revocation.id)
    assert calls(bank) == before


async def test_s12_a_run_that_the_dump_brought_along_ends_and_harms_no_connection(
    ana: User, bank: SandboxBank
) -> None:
    connection = await restored(ana, bank)
    before = calls(bank)
    run = await SyncRun.objects.aget(connection=connection)  # the first one, queued when it was linked
    await wiring.sync_service().run(run_id=run.id)
    await run.arefresh_from_db()
    await connection.arefresh_from_db()
    assert (run.state, run.error_code) == (SyncRun.State.FAILED, "outgoing_paused")
    assert (connection.state, connection.failures) == ("active", 0)
    assert calls(bank) == before


async def test_s12_after_resuming_the_consent_is_used_again(ana: User, bank: SandboxBank) -> None:
    connection = await restored(ana, bank)
    assert await run_db(Installation.objects.outgoing_paused)
    await run_db(Installation.objects.resume_outgoing)
    assert await wiring.token_service().get_access_token(connection_id=connection.id)


async def test_s12_a_token_that_is_refused_long_after_its_time_is_not_called_withdrawn(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    late: dict[str, Any] = {"access_expires_at": timezone.now() - timedelta(days=5)}
    await ProviderToken.objects.aupdate(**late)
    bank.control("revoke", {"customer": "ana"})
    with pytest.raises(ConsentEnded):
        await wiring.token_service().get_access_token(connection_id=connection.id)
    await connection.arefresh_from_db()
    assert (connection.state, connection.state_reason) == ("reauth_required", "outcome_unknown")
