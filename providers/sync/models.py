"""Sync runs: attempts to bring a connection's data up to date."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db import connection as database
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from psycopg.types.json import Jsonb

from dashtam import errors
from dashtam.ids import uuid7
from providers.connections.models.connection import Connection
from providers.errors import BudgetSpent, OutgoingPaused, QuotaSpent, SyncOvertaken
from providers.sync import sql
from providers.sync.due import DueManager, queue_task

INTERRUPTED = "interrupted"
NONE: Mapping[str, int] = MappingProxyType({})
BLAMELESS = (
    INTERRUPTED,
    BudgetSpent.code,
    OutgoingPaused.code,
    QuotaSpent.code,
)  # reasons that say nothing against the institution


class SyncInterrupted(errors.ServiceBusy):
    """The worker was stopped during the run; whole pages stay, and the next run goes on from there."""

    code = INTERRUPTED
    title = "The sync was interrupted."


class SyncRunManager(DueManager):
    """Every step is guarded by the run's state, so that a run has one worker and a connection one run."""

    @transaction.atomic
    def request(self, *, connection_id: UUID, trigger: str) -> "SyncRun":
        """The connection's unfinished run, or a new one with its task in the same transaction.

        A scheduled run that still waits is moved into the lane of the person who now asks for it.
        """
        run = SyncRun(connection_id=connection_id, trigger=trigger)
        while True:
            unfinished = self.filter(connection_id=connection_id, state__in=SyncRun.UNFINISHED).first()
            if unfinished:
                return self._hastened(unfinished, trigger)
            self.bulk_create(
                [run], ignore_conflicts=True
            )  # waits for a concurrent transaction with the same row
            if self.filter(id=run.id).exists():
                queue_task(self.select_related("connection").get(id=run.id))
                return run

    def _hastened(self, run: "SyncRun", trigger: str) -> "SyncRun":
        waiting = self.filter(id=run.id, state=SyncRun.State.QUEUED, trigger=SyncRun.Trigger.SCHEDULED)
        if trigger != SyncRun.Trigger.SCHEDULED and waiting.update(trigger=trigger):
            run = self.select_related("connection").get(id=run.id)
            queue_task(run)  # the task that waits already will find the run taken
        return run

    def claim(self, id: UUID) -> "SyncRun | None":
        """The run with its connection, for this worker alone; None when another works on it, or it is over.

        A run whose worker has been SILENT is taken over: it keeps its counts of rows and reads on from the cursors.
        """
        for run, place in sql.CLAIM.read({"id": id, "silent": SyncRun.SILENT}):
            run.connection = place
            return cast("SyncRun", run)
        return None

    def beat(self, run: "SyncRun") -> bool:
        """Note that the run's worker lives; False when the run is not this worker's any more."""
        return self._mine(run).update(progress_at=Now()) == 1

    def progress(self, run: "SyncRun", **counts: int) -> None:
        """Add to what the run has done. Raises SyncOvertaken when it is not this worker's any more."""
        with database.cursor() as cursor:
            cursor.execute(
                sql.PROGRESS, {**sql.NOTHING_DONE, **counts, "id": run.id, "started_at": run.started_at}
            )
            if not cursor.rowcount:
                raise SyncOvertaken

    @transaction.atomic
    def finish(
        self,
        run: "SyncRun",
        state: "SyncRun.State",
        *,
        next_sync_at: datetime,
        error: errors.DashtamError | None = None,
        account_errors: dict[str, str] | None = None,
        notices: Mapping[str, int] = NONE,
    ) -> tuple[Connection, dict[str, int]] | None:
        """End a run and write its outcome to its connection; None when it had ended before or was taken over.

        A connection that waits for its person, or is gone, stays as it is. Returns how many rows the run has added,
        modified and removed beside it.
        """
        account_errors, code = account_errors or {}, error.code if error else ""
        told: list[Any] = [code, Jsonb(account_errors), Jsonb(dict(notices))]
        told.append(getattr(error, "provider_request_id", ""))
        with database.cursor() as cursor:
            cursor.execute(sql.FINISH, (state.value, timezone.now(), *told, run.id, run.started_at))
            counted = cursor.fetchone()
        if counted is None:
            return None
        connection = Connection.objects.select_for_update().get(id=run.connection_id)
        reasons = [code] if error else sorted(account_errors.values(), key=BLAMELESS.__contains__)
        reason = next(iter(reasons), "")
        _record_outcome(connection, reason, next_sync_at)
        return connection, dict(zip(("added", "modified", "removed"), counted, strict=True))

    def _mine(self, run: "SyncRun") -> models.QuerySet["SyncRun"]:
        """The run's row, as long as it runs and no other worker has claimed it since (`started_at` is the fence)."""
        return self.filter(id=run.id, state=SyncRun.State.RUNNING, started_at=run.started_at)

    def stuck(self) -> models.QuerySet["SyncRun"]:
        """Running without a sign of life for STUCK_AFTER: the worker has died, and its job was not rescued."""
        running = self.filter(state=SyncRun.State.RUNNING, progress_at__lt=Now() - SyncRun.STUCK_AFTER)
        return running.select_related("connection")

    def latest_account_errors(self, run: "SyncRun") -> list[dict[str, str]]:
        """The account errors of the ten runs before this one that came to an end by themselves, newest first."""
        ended = self.filter(connection_id=run.connection_id, finished_at__isnull=False)
        rows = ended.exclude(error_code=INTERRUPTED).order_by("-created_at")
        return list(rows.values_list("account_errors", flat=True)[:10])

    def long_over(self) -> models.QuerySet["SyncRun"]:
        """The runs that ended KEPT ago, but for the last one of each connection."""
        newer = self.filter(connection_id=OuterRef("connection_id"), created_at__gt=OuterRef("created_at"))
        return self.filter(Exists(newer), finished_at__lt=timezone.now() - SyncRun.KEPT)


def _record_outcome(connection: Connection, reason: str, next_sync_at: datetime) -> None:
    """Write the outcome of a run to its connection."""
    now = timezone.now()
    connection.last_attempt_at = now
    if not reason:
        connection.last_success_at, connection.failures = now, 0
    elif reason not in BLAMELESS:
        connection.failures += 1
    if connection.state in Connection.SYNCABLE:
        connection.next_sync_at = next_sync_at
        if reason not in ("", *BLAMELESS):
            connection.move_to(Connection.State.DEGRADED, reason)
        elif not reason:
            connection.move_to(*connection.healthy_state(now))
    fields = ("last_attempt_at", "last_success_at", "failures", "next_sync_at")
    connection.save(update_fields=[*fields, *Connection.STATE_FIELDS])


class SyncRun(models.Model):
    """A run and its counts. At most one run of a connection is unfinished."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        PARTIAL = "partial"
        FAILED = "failed"

    class Trigger(models.TextChoices):
        INITIAL = "initial"
        MANUAL = "manual"
        SCHEDULED = "scheduled"

    UNFINISHED = (State.QUEUED, State.RUNNING)
    KEPT = timedelta(days=90)
    BEAT = timedelta(seconds=5)
    SILENT = timedelta(seconds=15)
    STUCK_AFTER = timedelta(minutes=1)
    LOST_AFTER = timedelta(minutes=5)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(
        "providers.Connection", on_delete=models.CASCADE, related_name="sync_runs", db_index=False
    )
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    trigger = models.CharField(max_length=10, choices=Trigger)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    progress_at = models.DateTimeField(
        null=True, blank=True, help_text="The latest sign of life of its worker."
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    accounts_total = models.PositiveIntegerField(default=0)
    accounts_done = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    modified = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    account_errors = models.JSONField(default=dict, blank=True, help_text="Error code by account id.")
    notices = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        help_text="What was kept as it came, or left out, and how often.",
    )
    provider_request_id = models.CharField(max_length=100, blank=True)

    objects: ClassVar[SyncRunManager] = SyncRunManager()

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                "connection", name="sync_one_at_a_time", condition=Q(state__in=("queued", "running"))
            ),
        )
        indexes = (
            models.Index(fields=("connection", "-created_at"), name="sync_by_connection"),
            models.Index(fields=("finished_at",), name="sync_ended", condition=Q(finished_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"sync run {self.id}"

    @property
    def by_hand(self) -> bool:
        """True if a person asked for it, so that it may use what the schedule leaves to them."""
        return self.trigger != self.Trigger.SCHEDULED
