"""A sync that runs out of memory."""

import asyncio
import os
import sys
from typing import Any

import pytest

from accounts.models import User
from providers import wiring
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.providers.connections.linking import connect
from tests.providers.connections.processes import environment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_s14_a_run_without_memory_ends_as_an_error_and_its_process_lives(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    ask: dict[str, Any] = {"user_id": ana.id, "connection_id": connection.id, "trigger": "manual"}
    run = await wiring.sync_service().request_sync(**ask)
    command = ("-m", "tests.providers.sync.starve", str(run.id), str(4 * 2**20))
    child = await asyncio.create_subprocess_exec(
        sys.executable, *command, env={**os.environ, **environment(bank)}
    )
    assert await child.wait() == 0
    await run.arefresh_from_db()
    assert (run.state, run.error_code) == (SyncRun.State.FAILED, "internal_error")
