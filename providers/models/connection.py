"""A person's link to one institution (Plaid calls it an Item)."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashtam.ids import uuid7


class ConnectionQuerySet(models.QuerySet["Connection"]):
    """Connections by what is to be done with them."""

    def due(self, now: datetime) -> "ConnectionQuerySet":
        """Those whose next scheduled sync has come."""
        return self.filter(state__in=Connection.SYNCABLE, next_sync_at__lte=now)


class Connection(models.Model):
    """A consent at an institution and how it is doing."""

    class State(models.TextChoices):
        PENDING = "pending"
        ACTIVE = "active"
        EXPIRING = "expiring"
        DEGRADED = "degraded"
        REAUTH_REQUIRED = "reauth_required"
        REVOKED = "revoked"
        DISCONNECTED = "disconnected"

    SYNCABLE = (State.ACTIVE, State.EXPIRING, State.DEGRADED)
    NEEDS_PERSON = (State.EXPIRING, State.REAUTH_REQUIRED, State.REVOKED)
    EXPIRING_BEFORE = timedelta(days=7)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connections")
    provider = models.SlugField(max_length=40)
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    state_reason = models.CharField(max_length=40, blank=True)
    state_since = models.DateTimeField(default=timezone.now)
    provider_subject = models.CharField(
        max_length=200, blank=True, help_text="Who the institution says this is: finds a consent given twice."
    )
    consent_expires_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    next_sync_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="Failed runs in a row.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("user", "-created_at"), name="connection_by_user"),
            models.Index(fields=("next_sync_at",), name="connection_due", condition=Q(next_sync_at__isnull=False)),
        )
        constraints = (
            models.UniqueConstraint(
                "user",
                "provider",
                "provider_subject",
                name="connection_once_per_subject",
                condition=~Q(provider_subject="") & ~Q(state="disconnected"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider} connection {self.id}"

    def move_to(self, state: State, reason: str = "") -> None:
        """Change state in memory; `state_since` moves only when something changed. The caller saves."""
        if (self.state, self.state_reason) != (state, reason):
            self.state, self.state_reason, self.state_since = state, reason, timezone.now()

    STATE_FIELDS: ClassVar[tuple[str, ...]] = ("state", "state_reason", "state_since")
