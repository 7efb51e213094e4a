"""One attempt to bring a connection's data up to date."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashtam.ids import uuid7


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

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey("providers.Connection", on_delete=models.CASCADE, related_name="sync_runs")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    trigger = models.CharField(max_length=10, choices=Trigger)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    accounts_total = models.PositiveIntegerField(default=0)
    accounts_done = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    modified = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    account_errors = models.JSONField(default=dict, blank=True, help_text="Error code by account id.")
    provider_request_id = models.CharField(max_length=100, blank=True)

    objects: ClassVar[models.Manager["SyncRun"]] = models.Manager()

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
