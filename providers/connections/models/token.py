"""Grants, encrypted: tokens and other secrets, with the lease that allows one refresh at a time."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import AuditEvent
from dashtam.bridge.rows import Rows
from dashtam.crypto.sealed_fields import SealedField

_OF = Rows(
    "SELECT {held}, {place} FROM providers_providertoken AS held"
    " JOIN providers_connection AS place ON place.id = held.connection_id WHERE held.connection_id = %(id)s",
    held="providers.ProviderToken",
    place="providers.Connection",
)
LEASE = timedelta(seconds=45)
LONG_OVERDUE = timedelta(days=2)


class ProviderTokenManager(models.Manager["ProviderToken"]):
    """Every change is one statement, guarded by `version`, so that two processes cannot both win."""

    def of(self, connection_id: UUID) -> "ProviderToken | None":
        """The grant of a connection, with the connection, as it is asked for before each call."""
        for token, place in _OF.read({"id": connection_id}):
            token.connection = place
            return cast("ProviderToken", token)
        return None

    def claim(self, *, connection_id: UUID, version: int, lease_id: UUID) -> bool:
        """Take the lease to refresh, and record the attempt before it is made, so that a crash is visible."""
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        changed = self.filter(free, connection_id=connection_id, version=version).update(
            lease_id=lease_id,
            lease_until=Now() + LEASE,
            previous_attempt_at=F("attempt_at"),
            attempt_at=Now(),
        )
        return changed == 1

    def release(self, *, connection_id: UUID, lease_id: UUID, outcome_known: bool) -> None:
        """Give the lease back without new tokens. An attempt whose outcome is open stays on record."""
        fields: dict[str, Any] = {"lease_id": None, "lease_until": None}
        if outcome_known:  # this attempt changed no token; an earlier one may still be open
            fields |= {"attempt_at": F("previous_attempt_at"), "previous_attempt_at": None}
        self.filter(connection_id=connection_id, lease_id=lease_id).update(**fields)

    def store(self, *, connection_id: UUID, version: int, sealed: dict[str, Any]) -> bool:
        """Put refreshed tokens in place of `version`, with or without the lease. False if `version` is gone."""
        changed = self.filter(connection_id=connection_id, version=version).update(
            **sealed, **self._settled(), version=F("version") + 1
        )
        return changed == 1

    @transaction.atomic
    def replace(self, *, connection_id: UUID, sealed: dict[str, Any]) -> None:
        """Store the tokens of a new consent in place of earlier ones."""
        sealed = {"refresh_token": None, "secrets": None, **sealed, **self._settled()}
        if not self.filter(connection_id=connection_id).update(**sealed, version=F("version") + 1):
            self.create(connection_id=connection_id, **sealed)

    def note_restored(self) -> str:
        """Record that the outcome of a renewal is open: the original may have renewed each since the backup."""
        may_be_old = self.exclude(refresh_token=None).update(
            attempt_at=Now(), previous_attempt_at=None, lease_id=None, lease_until=None
        )
        if not may_be_old:
            return ""
        which = "One grant" if may_be_old == 1 else f"{may_be_old} grants"
        return f"{which} may have been renewed since: where one is refused, its person is asked once to connect again."

    def note_unreadable(self, token: "ProviderToken", column: str, code: str) -> None:
        """Record in the audit log, once a day, that an envelope does not open: altered, moved, or its key is gone."""
        noted = AuditEvent.objects.filter(
            user_id=token.connection.user_id,
            action="connection_token.refused",
            at__gt=timezone.now() - timedelta(days=1),
            detail__connection_id=str(token.connection_id),
            detail__column=column,
        )
        if not noted.exists():
            AuditEvent.objects.record(
                "connection_token.refused",
                user_id=token.connection.user_id,
                connection_id=str(token.connection_id),
                column=column,
                code=code,
            )

    def _settled(self) -> dict[str, Any]:
        cleared = dict.fromkeys(("lease_id", "lease_until", "attempt_at", "previous_attempt_at"))
        return {**cleared, "refreshed_at": timezone.now()}


class ProviderToken(models.Model):
    """One connection's grant. An access token that it does not have is kept as an empty one."""

    connection = models.OneToOneField(
        "providers.Connection", primary_key=True, on_delete=models.CASCADE, related_name="token"
    )
    access_token = SealedField()
    refresh_token = SealedField(null=True)
    secrets = SealedField(null=True)  # other secrets by name, and the grant's own address, in one envelope
    access_expires_at = models.DateTimeField(null=True)
    scope = models.CharField(max_length=500, blank=True)
    version = models.PositiveBigIntegerField(default=1)
    lease_id = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempt_at = models.DateTimeField(null=True, help_text="Set before a refresh, cleared by its outcome.")
    previous_attempt_at = models.DateTimeField(null=True)
    refreshed_at = models.DateTimeField(default=timezone.now)

    MARGIN = timedelta(minutes=5)

    objects: ClassVar[ProviderTokenManager] = ProviderTokenManager()

    def __str__(self) -> str:
        return f"tokens of {self.connection_id}"

    def is_fresh(self, now: datetime) -> bool:
        """True while the access token has more than MARGIN, or a tenth of its lifetime, ahead of it."""
        if self.access_expires_at is None:
            return True
        margin = min(self.MARGIN, (self.access_expires_at - self.refreshed_at) / 10)
        return now < self.access_expires_at - margin

    def refusal(self, now: datetime) -> str:
        """The reason why a refresh token was refused.

        `previous_attempt_at` is a refresh whose outcome is unknown. A token that should have been refreshed long ago
        may have been, by the installation that this database was restored from.
        """
        expires_at = self.connection.consent_expires_at
        if expires_at is not None and expires_at <= now:
            return "consent_expired"
        overdue = self.access_expires_at is not None and self.access_expires_at < now - LONG_OVERDUE
        return "outcome_unknown" if self.previous_attempt_at is not None or overdue else "revoked_by_user"
