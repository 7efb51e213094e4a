"""Health checks: this process lives (/healthz), it can serve (/readyz), the whole installation is well."""

import asyncio
import functools
import time
from typing import Any

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.views import ApiView, Reply
from dashtam.bridge.doors import run_aside, run_db
from dashtam.bridge.per_loop import PerLoop
from dashtam.cache import cache
from dashtam.crypto.fingerprints import KeyFingerprint
from dashtam.processes import supervisor
from dashtam.telemetry.gauges import worker_is_alive

DEADLINE_SECONDS = 3.0
KEPT_SECONDS = 1.0  # these addresses are public, and have no limit
# What a process needs to serve. Without the cache it is slower; work of the worker waits in the database.
NEEDED = ("database", "migrations", "keys")


class Health(serializers.Serializer[Any]):
    """That the process answers."""

    status = serializers.ChoiceField(["ok"])


class Readiness(serializers.Serializer[Any]):
    """The state of each part that this process needs."""

    status = serializers.ChoiceField(["ready", "not_ready"])
    checks = serializers.DictField(child=serializers.CharField(), help_text="`ok`, or what is wrong.")


class Whole(serializers.Serializer[Any]):
    """The state of all parts."""

    status = serializers.ChoiceField(["ok", "degraded"])
    checks = serializers.DictField(child=serializers.CharField(), help_text="`ok`, or what is wrong.")


class Healthz(ApiView):
    """The process is alive. Asks nobody else."""

    public = True

    @extend_schema(operation_id="health", responses=Health)
    async def get(self, request: HttpRequest) -> Any:
        """200 while the process answers: for the supervisor that restarts it otherwise."""
        return {"status": "ok"}


class Readyz(ApiView):
    """The readiness of this process to serve requests."""

    public = True

    @extend_schema(operation_id="readiness", responses={200: Readiness, 503: Readiness})
    async def get(self, request: HttpRequest) -> Any:
        """200 if database, migrations and keys are right: for balancers. Cache and worker are listed only."""
        found = dict(await _findings())
        ready = all(found[name] == "ok" for name in NEEDED)
        if supervisor.is_stopping():
            ready, found["process"] = False, "about to end"
        return Reply(
            {"status": "ready" if ready else "not_ready", "checks": found}, status=200 if ready else 503
        )


class Installation(ApiView):
    """The state of every part of the installation."""

    public = True

    @extend_schema(
        operation_id="whole", summary="Check the whole installation", responses={200: Whole, 503: Whole}
    )
    async def get(self, request: HttpRequest) -> Any:
        """200 if database, migrations, keys, cache and worker are well: for monitoring, which tells a person."""
        found = await _findings()
        well = all(value == "ok" for value in found.values())
        return Reply({"status": "ok" if well else "degraded", "checks": found}, status=200 if well else 503)


class _Kept:
    """The latest findings of one event loop; one caller looks, the others wait for what it finds."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.findings: dict[str, str] = {}
        self.until = 0.0


_kept = PerLoop(_Kept)


async def _findings() -> dict[str, str]:
    kept = _kept.get()
    async with kept.lock:
        if time.monotonic() >= kept.until:
            kept.findings = await _look()
            kept.until = time.monotonic() + KEPT_SECONDS
    return kept.findings


async def _look() -> dict[str, str]:
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            expected = await run_aside(_migrations)
            found = await run_db(_database_findings, expected)
    except Exception:  # noqa: BLE001 after any error the answer is "not ready"
        found = {"database": "unreachable"} | dict.fromkeys(("migrations", "worker", "keys"), "unknown")
    found["cache"] = "ok" if await cache().ping() else "unreachable"
    return found


@functools.cache
def _migrations() -> frozenset[tuple[str, str]]:
    """The migrations that this version has on disk, read once for each process: 40 ms of importing."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _database_findings(expected: frozenset[tuple[str, str]]) -> dict[str, str]:
    pending = expected - set(MigrationRecorder(connection).applied_migrations())
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        (read_only,) = cursor.fetchone()
    return {
        "database": "read-only" if read_only == "on" else "ok",
        "migrations": "pending" if pending else "ok",
        "worker": "ok" if worker_is_alive() else "no worker has reported lately",
        # Asked at the start too, but the database may have been away then.
        "keys": "do not fit the database" if KeyFingerprint.objects.misfits() else "ok",
    }
