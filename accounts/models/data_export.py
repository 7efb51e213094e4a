"""Data exports: a copy of everything that is a person's own, made in the background and handed over once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.audit import AuditEvent
from dashtam.crypto.sealed_fields import SealedField
from dashtam.ids import uuid7
from dashtam.jobs.background import defer
from notifications.models import Email

KEPT = timedelta(hours=24)
TAKING = timedelta(hours=1)  # time to finish a download that has begun
LOST = timedelta(days=1)


class DataExportManager(models.Manager["DataExport"]):
    """Requests, makes and hands over exports, one at a time for each person."""

    def current(self, *, user_id: UUID) -> "DataExport | None":
        """The export that is being made or waits to be taken."""
        ready = Q(state=DataExport.State.READY, taken_at=None, expires_at__gt=timezone.now())
        return self.filter(Q(state__in=DataExport.UNFINISHED) | ready, user_id=user_id).first()

    @transaction.atomic
    def request(self, *, user_id: UUID) -> "DataExport":
        """Return the person's current export, or a new one with its task in the same transaction."""
        get_user_model().objects.select_for_update(no_key=True).get(id=user_id)  # one request at a time
        export = self.current(user_id=user_id)
        if export is None:
            export = self.create(user_id=user_id)
            defer("accounts.tasks.make_export", lock=f"export:{user_id}", export_id=str(export.id))
            AuditEvent.objects.record("export.requested", user_id=user_id, export_id=str(export.id))
        return export

    @transaction.atomic
    def begin(self, *, id: UUID) -> "DataExport | None":
        """The export, without what an earlier attempt has left of it; None when there is nothing to do."""
        unfinished = self.select_for_update().filter(id=id, state__in=DataExport.UNFINISHED)
        export = unfinished.first()
        if export is not None:
            export.parts.all().delete()
            unfinished.update(size=0)
        return export

    @transaction.atomic
    def complete(self, *, id: UUID, pieces: Sequence[UUID]) -> bool:
        """Make an export ready and mail its person. False unless these are its parts: another attempt is at work."""
        waiting = self.select_for_update(of=("self",)).select_related("user")
        export = waiting.filter(id=id, state__in=DataExport.UNFINISHED).first()
        if export is None or list(export.parts.values_list("id", flat=True)) != list(pieces):
            return False
        export.state, export.expires_at = DataExport.State.READY, timezone.now() + KEPT
        export.save(update_fields=["state", "expires_at"])
        context = {"when": export.expires_at.isoformat()}
        Email.objects.queue(
            user_id=export.user_id, to=export.user.email, kind="export_ready", context=context
        )
        return True

    @transaction.atomic
    def take(self, *, user_id: UUID, id: UUID) -> "DataExport | None":
        """Mark an export as taken. Of many callers at once exactly one gets it."""
        now = timezone.now()
        ready = self.filter(id=id, user_id=user_id, state=DataExport.State.READY, expires_at__gt=now)
        if not ready.filter(taken_at=None).update(taken_at=now):
            return None
        AuditEvent.objects.record("export.taken", user_id=user_id, export_id=str(id))
        return self.get(id=id)

    def forget(self) -> int:
        """Delete exports that were taken, were not taken in time, or were never finished; returns how many rows."""
        now = timezone.now()
        lost = Q(created_at__lt=now - LOST, state__in=DataExport.UNFINISHED)
        over = Q(expires_at__lt=now) | Q(taken_at__lt=now - TAKING) | lost
        return self.filter(over).delete()[0]


class DataExport(models.Model):
    """One export and its state. Its content lies sealed in parts of at most a megabyte."""

    class State(models.TextChoices):
        QUEUED = "queued"
        READY = "ready"

    UNFINISHED = (State.QUEUED,)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="data_exports")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[DataExportManager] = DataExportManager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"data export {self.id}"


class ExportPartManager(models.Manager["ExportPart"]):
    """Adds parts to the export that is being made."""

    @transaction.atomic
    def keep(self, part: "ExportPart", *, size: int) -> None:
        """Save the next part, of so many bytes. Raises IntegrityError when another attempt has saved it."""
        part.save(force_insert=True)
        DataExport.objects.filter(id=part.export_id).update(size=F("size") + size)


class ExportPart(models.Model):
    """A sealed piece of the archive."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    export = models.ForeignKey(DataExport, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    data = SealedField()

    objects: ClassVar[ExportPartManager] = ExportPartManager()

    class Meta:
        ordering = ("export", "number")
        constraints = (models.UniqueConstraint("export", "number", name="export_part_once"),)

    def __str__(self) -> str:
        return f"part {self.number} of {self.export_id}"
