"""Health checks: /healthz for this process, /readyz for the whole installation."""

import asyncio
from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.views import ApiView, Reply
from dashtam.bridge.doors import run_db
from dashtam.cache import cache
from dashtam.crypto.fingerprints import KeyFingerprint
from dashtam.telemetry.gauges import worker_is_alive

DEADLINE_SECONDS = 3.0


class Health(serializers.Serializer[Any]):
    """That the process answers."""

    status = serializers.ChoiceField(["ok"])


class Readiness(serializers.Serializer[Any]):
    """The state of each part."""

    status = serializers.ChoiceField(["ready", "not_ready"])
    checks = serializers.DictField(child=serializers.CharField(), help_text="`ok`, or what is wrong.")


class Healthz(ApiView):
    """The process is alive. Asks nobody else."""

    public = True

    @extend_schema(operation_id="health", responses=Health)
    async def get(self, request: HttpRequest) -> Any:
        return {"status": "ok"}


class Readyz(ApiView):
    """Database, cache, migrations, worker and keys: `ok` for each, or what is wrong."""

    public = True

    @extend_schema(operation_id="readiness", responses={200: Readiness, 503: Readiness})
    async def get(self, request: HttpRequest) -> Any:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                found = await run_db(_database_findings)
        except Exception:  # noqa: BLE001 after any error the answer is "not ready"
            found = {"database": "unreachable"} | dict.fromkeys(("migrations", "worker", "keys"), "unknown")
        found["cache"] = "ok" if await cache().ping() else "unreachable"
        ready = all(value == "ok" for value in found.values())
        return Reply(
            {"status": "ready" if ready else "not_ready", "checks": found}, status=200 if ready else 503
        )


def _takes_no_writes() -> bool:
    """A standby, or a full or frozen disk on which the administrator has set `default_transaction_read_only`."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        return bool(cursor.fetchone()[0] == "on")


def _database_findings() -> dict[str, str]:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return {
        "database": "read-only" if _takes_no_writes() else "ok",
        "migrations": "pending" if pending else "ok",
        "worker": "ok" if worker_is_alive() else "no worker has reported lately",
        # Asked at the start too, but the database may have been away then.
        "keys": "do not fit the database" if KeyFingerprint.objects.misfits() else "ok",
    }
