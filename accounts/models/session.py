"""A signed-in device: one row for each sign-in, by browser or by API."""

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from dashtam.ids import uuid7


class SessionQuerySet(models.QuerySet["Session"]):
    """Sessions by state."""

    def live(self) -> "SessionQuerySet":
        """Neither ended nor expired."""
        now = timezone.now()
        return self.filter(revoked_at=None, expires_at__gt=now, idle_expires_at__gt=now)


class SessionManager(models.Manager["Session"]):
    """Opens, rotates and ends sessions, each in a single statement."""

    def get_queryset(self) -> SessionQuerySet:
        return SessionQuerySet(self.model, using=self._db)

    def live(self) -> SessionQuerySet:
        """Neither ended nor expired."""
        return self.get_queryset().live()

    def open(self, *, user_id: UUID, kind: str, user_agent: str, ip: str | None) -> "Session":
        """A new session for somebody who has just proved who they are."""
        now = timezone.now()
        return self.create(
            user_id=user_id,
            kind=kind,
            user_agent=user_agent[:300],
            ip=ip,
            expires_at=now + timedelta(days=settings.SESSION_ABSOLUTE_DAYS),
            idle_expires_at=now + timedelta(days=settings.REFRESH_IDLE_DAYS),
        )

    def rotate(self, *, id: UUID, counter: int) -> bool:
        """Advance the refresh token from `counter`. Of many callers at once exactly one gets True."""
        now = timezone.now()
        idle = now + timedelta(days=settings.REFRESH_IDLE_DAYS)
        changed = (
            self.live()
            .filter(id=id, counter=counter)
            .update(counter=F("counter") + 1, rotated_at=now, last_seen_at=now, idle_expires_at=idle)
        )
        return changed == 1

    def end(self, *, reason: str, **which: object) -> list[UUID]:
        """End the live sessions that match; returns their ids."""
        ids = list(self.live().filter(**which).values_list("id", flat=True))
        self.filter(id__in=ids).update(revoked_at=timezone.now(), revoke_reason=reason)
        return ids


class Session(models.Model):
    """Where somebody is signed in. The refresh token is derived from `id` and `counter`, never stored."""

    class Kind(models.TextChoices):
        BROWSER = "browser"
        API = "api"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="sessions")
    kind = models.CharField(max_length=8, choices=Kind)
    counter = models.PositiveBigIntegerField(default=0)
    user_agent = models.CharField(max_length=300, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now)
    rotated_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    idle_expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoke_reason = models.CharField(max_length=32, blank=True)

    objects: ClassVar[SessionManager] = SessionManager()

    class Meta:
        ordering = ("-last_seen_at",)
        indexes = (models.Index(fields=("user", "-last_seen_at"), condition=Q(revoked_at=None), name="session_live_by_user"),)
        constraints = (
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="session_expires_after_creation"),
        )

    def __str__(self) -> str:
        return f"{self.kind} session of {self.user_id}"

    def is_live(self, now: datetime) -> bool:
        """Neither ended nor expired at `now`."""
        return self.revoked_at is None and self.expires_at > now and self.idle_expires_at > now
