"""One attempt to bring a connection's data up to date."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from dashtam import errors
from dashtam.ids import uuid7


class SyncOvertaken(errors.Conflict):
    """Another run went on from where this one was, or this one was given up meanwhile."""

    code = "sync_overtaken"
    title = "Another sync has taken over."
    detail = "Nothing was lost. Wait for it to finish."


class SyncRunManager(models.Manager["SyncRun"]):
    """Every step is guarded by the run's state, so that a run has one worker and a connection one run."""

    @transaction.atomic
    def request(self, *, connection_id: UUID, trigger: str, defer: Callable[[UUID], None]) -> "SyncRun":
        """The connection's unfinished run, or a new one, with its task in the same transaction."""
        run = SyncRun(connection_id=connection_id, trigger=trigger)
        while True:
            unfinished = self.filter(connection_id=connection_id, state__in=SyncRun.UNFINISHED).first()
            if unfinished:
                return unfinished
            self.bulk_create([run], ignore_conflicts=True)
            if self.filter(id=run.id).exists():
                defer(run.id)
                return run

    def claim(self, id: UUID) -> "SyncRun | None":
        """The run, for this worker alone; None when it is taken or over."""
        now = timezone.now()
        queued = self.filter(id=id, state=SyncRun.State.QUEUED)
        if not queued.update(state=SyncRun.State.RUNNING, started_at=now, progress_at=now):
            return None
        return self.select_related("connection").get(id=id)

    def progress(
        self, id: UUID, *, accounts_done: int = 0, added: int = 0, modified: int = 0, removed: int = 0
    ) -> None:
        """Add to what the run has done. Raises SyncOvertaken when it is not running any more."""
        changed = self.filter(id=id, state=SyncRun.State.RUNNING).update(
            progress_at=timezone.now(),
            accounts_done=F("accounts_done") + accounts_done,
            added=F("added") + added,
            modified=F("modified") + modified,
            removed=F("removed") + removed,
        )
        if not changed:
            raise SyncOvertaken()

    def stuck(self, now: datetime) -> models.QuerySet["SyncRun"]:
        """Runs whose worker has died: nothing has moved for too long."""
        return self.filter(state=SyncRun.State.RUNNING, progress_at__lt=now - SyncRun.STUCK_AFTER)


class SyncRun(models.Model):
    """What a sync did, account by account. At most one run of a connection is unfinished."""

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
    STUCK_AFTER = timedelta(minutes=15)
    LOST_AFTER = timedelta(minutes=5)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey("providers.Connection", on_delete=models.CASCADE, related_name="sync_runs")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    trigger = models.CharField(max_length=10, choices=Trigger)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    progress_at = models.DateTimeField(null=True, blank=True, help_text="When it last got somewhere.")
    finished_at = models.DateTimeField(null=True, blank=True)
    accounts_total = models.PositiveIntegerField(default=0)
    accounts_done = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    modified = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    account_errors = models.JSONField(default=dict, blank=True, help_text="Error code by account id.")
    provider_request_id = models.CharField(max_length=100, blank=True)

    objects: ClassVar[SyncRunManager] = SyncRunManager()

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                "connection", name="sync_one_at_a_time", condition=Q(state__in=("queued", "running"))
            ),
        )
        indexes = (models.Index(fields=("connection", "-created_at"), name="sync_by_connection"),)

    def __str__(self) -> str:
        return f"sync run {self.id}"
