"""Keys are rotated while tokens are in use, and the rotation is killed half-way."""

import asyncio
import os
import signal
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.crypto.sealed_fields import keys_in_use
from providers.connections.models import Connection, ProviderToken
from providers.simulator.process import ROOT, SandboxBank
from providers.wire.oauth import TokenResponse
from providers.wiring import token_service
from tests.providers.connections.linking import connect
from tests.providers.connections.processes import environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
OLD, NEW = ("old1", os.urandom(32)), ("new1", os.urandom(32))
QUIET = 300


def rotation(bank: SandboxBank) -> "subprocess.Popen[str]":
    ring = ",".join(f"{key_id}:{urlsafe_b64encode(key).decode()}" for key_id, key in (NEW, OLD))
    return subprocess.Popen(
        [sys.executable, "manage.py", "rotate_encryption_keys"],
        cwd=ROOT,
        env=os.environ | environment(bank) | {"ENCRYPTION_KEYS": ring},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


async def quiet_connections(user: User) -> list[Connection]:
    """Many whose tokens nobody uses."""
    rows = [Connection(user=user, provider="sandbox", state=Connection.State.ACTIVE) for _ in range(QUIET)]
    for connection in await Connection.objects.abulk_create(rows):
        tokens = TokenResponse(f"access of {connection.id}", "refresh")
        await token_service().store_tokens(connection_id=connection.id, tokens=tokens)
    return rows


async def test_g3_a_rotation_killed_half_way_and_run_again_loses_no_token(
    make_user: Callable[..., User], bank: SandboxBank, settings: Any
) -> None:
    settings.ENCRYPTION_KEYS = dict(
        [OLD, NEW]
    )  # web and worker know the new key and still seal with the old one
    quiet = await quiet_connections(await run_db(make_user, "Quiet"))
    busy = [await connect(await run_db(make_user, "Busy"), bank) for _ in range(3)]
    finished = asyncio.Event()

    async def use(connection: Connection) -> int:
        """Refresh its token again and again; the bank ends the consent if one is lost."""
        count = 0
        while not finished.is_set() or not count:
            await ProviderToken.objects.filter(connection=connection).aupdate(
                access_expires_at=timezone.now()
            )
            await token_service().get_access_token(connection_id=connection.id)
            count += 1
        return count

    users = [asyncio.create_task(use(connection)) for connection in busy]
    first = rotation(bank)
    while (await run_db(keys_in_use))["new1"] < QUIET // 4:
        assert first.poll() is None
        await asyncio.sleep(0)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    half = await run_db(keys_in_use)
    assert half["old1"] > 0
    second = rotation(bank)
    await asyncio.get_running_loop().run_in_executor(None, second.communicate)
    finished.set()
    assert all([await user > 1 for user in users])
    settings.ENCRYPTION_KEYS = dict([NEW, OLD])  # restarted with the new key in front
    last = rotation(bank)
    said = last.communicate()[0]
    assert last.returncode == 0, said
    assert "Nothing needs 'old1'" in said
    assert set(await run_db(keys_in_use)) == {"new1"}

    settings.ENCRYPTION_KEYS = dict([NEW])
    for connection in quiet:
        assert (
            await token_service().get_access_token(connection_id=connection.id)
            == f"access of {connection.id}"
        )
    for connection in busy:
        await ProviderToken.objects.filter(connection=connection).aupdate(access_expires_at=timezone.now())
        await token_service().get_access_token(connection_id=connection.id)
