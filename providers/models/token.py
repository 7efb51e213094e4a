"""The tokens an institution gave us, encrypted, and the lease that keeps their refresh single."""

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

LEASE = timedelta(seconds=45)


class ProviderTokenManager(models.Manager["ProviderToken"]):
    """Every change is one statement, guarded by `version`, so that two processes cannot both win."""

    def claim(self, *, connection_id: UUID, version: int, lease_id: UUID) -> bool:
        """Take the right to refresh, and write down that we are about to: a crash after this is visible."""
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        changed = self.filter(free, connection_id=connection_id, version=version).update(
            lease_id=lease_id, lease_until=Now() + LEASE, previous_attempt_at=F("attempt_at"), attempt_at=Now()
        )
        return changed == 1

    def release(self, *, connection_id: UUID, lease_id: UUID, outcome_known: bool) -> None:
        """Give the lease back without new tokens. An unknown outcome stays on record."""
        fields: dict[str, object] = {"lease_id": None, "lease_until": None}
        if outcome_known:
            fields |= {"attempt_at": None, "previous_attempt_at": None}
        self.filter(connection_id=connection_id, lease_id=lease_id).update(**fields)


class ProviderToken(models.Model):
    """One connection's tokens. Only TokenService opens the envelopes."""

    connection = models.OneToOneField(
        "providers.Connection", primary_key=True, on_delete=models.CASCADE, related_name="token"
    )
    access_token = models.BinaryField()
    refresh_token = models.BinaryField(null=True)
    access_expires_at = models.DateTimeField(null=True)
    scope = models.CharField(max_length=500, blank=True)
    version = models.PositiveBigIntegerField(default=1)
    lease_id = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempt_at = models.DateTimeField(null=True, help_text="Set before a refresh, cleared by its outcome.")
    previous_attempt_at = models.DateTimeField(null=True)
    refreshed_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[ProviderTokenManager] = ProviderTokenManager()

    def __str__(self) -> str:
        return f"tokens of {self.connection_id}"
