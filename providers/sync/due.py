"""Runs of the schedule: the connections that are due, and their tasks in the queue."""

import random
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection as database
from django.db import models, transaction
from procrastinate.exceptions import AlreadyEnqueued

from dashtam.jobs.background import defer, defer_all
from providers.connections.models.connection import Connection

if TYPE_CHECKING:
    from providers.sync.models import SyncRun

TASK = "providers.tasks.run_sync"
SCHEDULED, UNFINISHED = "scheduled", ("queued", "running")  # as SyncRun names them
MINUTES_WORTH = (
    100  # runs that one of those places can carry out until the schedule looks again, if they are short
)

# Runs whose task is not queued. Those whose task is there are told apart by an index, however many they are.
_LOST = """
SELECT run.id FROM providers_syncrun AS run
WHERE run.state = 'queued' AND run.created_at < %s AND NOT EXISTS (
    SELECT FROM procrastinate_jobs AS job WHERE job.status = 'todo' AND job.queueing_lock =
        CASE run.trigger WHEN 'scheduled' THEN 'sync:' ELSE 'sync_by_hand:' END || run.id::text)
ORDER BY run.created_at LIMIT 500"""


class DueManager(models.Manager["SyncRun"]):
    """The part of the runs' manager that is about the schedule."""

    @transaction.atomic
    def queue_due(self, now: datetime, *, limit: int) -> int:
        """Queue a run for each due connection, at most `limit`; concurrent callers share them out. Returns how many.

        Of each institution only those are queued that have been due the longest, as many as can be carried out until
        the schedule looks again. The queue stays short, however many are due, and a worker finds its next job soon.
        """
        queued = 0
        for provider in _providers():
            if queued < limit:
                queued += self._queue_due(now, provider, limit - queued)
        return queued

    def _queue_due(self, now: datetime, provider: str, limit: int) -> int:
        due = Connection.objects.due(now).filter(provider=provider).order_by("next_sync_at")
        longest = due.values("id")[: settings.SYNCS_AT_ONCE * MINUTES_WORTH]
        idle = due.filter(id__in=longest).exclude(sync_runs__state__in=UNFINISHED)
        locked = idle.select_for_update(of=("self",), skip_locked=True, no_key=True)[:limit]
        runs = [self.model(connection=connection, trigger=SCHEDULED) for connection in locked]
        self.bulk_create(runs, ignore_conflicts=True)  # its person may ask for the same at this moment
        made = set(self.filter(id__in=[run.id for run in runs]).values_list("id", flat=True)) if runs else ()
        defer_all(TASK, (_options(run) for run in runs if run.id in made))
        return len(runs)

    def queue_lost(self, now: datetime) -> int:
        """Queue the task again of each run that has waited for LOST_AFTER, unless its task is still queued."""
        with database.cursor() as cursor:
            cursor.execute(_LOST, [now - self.model.LOST_AFTER])
            ids = [id_ for (id_,) in cursor.fetchall()]
        return (
            sum(queue_task(run) for run in self.select_related("connection").filter(id__in=ids)) if ids else 0
        )


def by_hand_at_once() -> int:
    """Runs of one institution at once that people asked for, beside SYNCS_AT_ONCE of the schedule, over all workers.

    Together they are as many as the calls to it that one process makes at once (`outage_guard.CALLS_AT_ONCE`), unless
    SYNCS_AT_ONCE was raised: with one worker, no run holds a place only to wait for its turn.
    """
    return int(max(1, settings.SYNCS_AT_ONCE * 3 // 7))


def queue_task(run: "SyncRun") -> bool:
    """Queue the task of a run, with its connection, unless it waits already."""
    try:
        with transaction.atomic():
            defer(TASK, **_options(run))
    except AlreadyEnqueued:
        return False
    return True


def _options(run: "SyncRun") -> dict[str, Any]:
    """Options and arguments of a run's task.

    The lock is one of its institution's few, chosen at random: more runs of one institution than it has locks leave
    the places of the lane to others, in all workers together.
    """
    scheduled = run.trigger == SCHEDULED
    queue, locks = ("sync", settings.SYNCS_AT_ONCE) if scheduled else ("sync_by_hand", by_hand_at_once())
    lock = f"{queue}:{run.connection.provider}:{random.randrange(locks)}"  # noqa: S311 spreads load, no secret
    return {"queue": queue, "lock": lock, "queueing_lock": f"{queue}:{run.id}", "run_id": str(run.id)}


def _providers() -> Iterator[str]:
    """The providers with connections that are ever due: one step in the index for each."""
    scheduled = Connection.objects.filter(next_sync_at__isnull=False).order_by("provider")
    provider: str | None = ""
    while provider := scheduled.filter(provider__gt=provider).values_list("provider", flat=True).first():
        yield provider
