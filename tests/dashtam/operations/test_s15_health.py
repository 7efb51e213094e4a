"""Three questions, three addresses: does it live, can it serve, is all well."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import AsyncClient

from dashtam.bridge.doors import run_db
from dashtam.crypto.fingerprints import KeyFingerprint
from tests.said import listening

PROBES = ["/healthz", "/readyz", "/healthz/installation"]


async def asked(path: str, **headers: str) -> tuple[int, Any]:
    answer = await AsyncClient().get(path, headers=headers)
    return answer.status_code, answer.json()


async def test_s15_without_a_worker_a_process_is_ready_and_the_installation_is_not_well(db: None) -> None:
    status, ready = await asked("/readyz")
    assert (status, ready["status"]) == (200, "ready")
    assert ready["checks"]["worker"] == "no worker has reported lately"
    status, whole = await asked("/healthz/installation")
    assert (status, whole["status"]) == (503, "degraded")
    assert whole["checks"] == ready["checks"]
    assert await asked("/healthz") == (200, {"status": "ok"})


async def test_s15_without_the_cache_a_process_is_ready(db: None, settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    status, ready = await asked("/readyz")
    assert (status, ready["checks"]["cache"]) == (200, "unreachable")
    assert (await asked("/healthz/installation"))[0] == 503


async def test_s15_with_migrations_to_come_it_is_not_ready(db: None) -> None:
    await run_db(MigrationRecorder(connection).record_unapplied, "accounts", "0001_initial")
    status, ready = await asked("/readyz")
    assert (status, ready["status"], ready["checks"]["migrations"]) == (503, "not_ready", "pending")


async def test_s15_migrations_of_a_newer_version_do_not_matter(db: None) -> None:
    await run_db(MigrationRecorder(connection).record_applied, "accounts", "9999_from_the_future")
    assert (await asked("/readyz"))[0] == 200


async def test_s15_with_other_keys_it_is_not_ready(db: None) -> None:
    await run_db(KeyFingerprint.objects.accept)
    await KeyFingerprint.objects.aupdate(fingerprint_hash=b"x")
    status, ready = await asked("/readyz")
    assert (status, ready["checks"]["keys"]) == (503, "do not fit the database")


async def test_s02_asked_many_times_it_looks_once(db: None) -> None:
    async with listening() as said:
        for _ in range(30):
            await asked("/readyz")
    assert 1 <= sum("procrastinate_workers" in each for each in said) <= 5


@pytest.mark.parametrize("host", ["10.0.0.5", "10.0.0.5:8000", "[fd00::5]:8000", "evil.example", "_"])
@pytest.mark.parametrize("path", PROBES)
async def test_s18_probes_are_answered_whatever_the_host(db: None, path: str, host: str) -> None:
    assert (await asked(path, host=host))[0] in {200, 503}
    assert (await asked("/api/v1/accounts", host="evil.example"))[0] == 400
    assert (await asked("/metrics", host="evil.example"))[0] == 400
