"""Staff acts: what support did for a person or looked at, with the reason in its own words."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from accounts.models.audit import AuditEvent
from dashtam.ids import uuid7


@dataclass(frozen=True, slots=True)
class Cause:
    """The cause of an act: the member of the staff, their session, and the reason."""

    staff_id: UUID
    session_id: UUID
    reason: str
    ticket: str = ""


class StaffActManager(models.Manager["StaffAct"]):
    """Writes acts, each with its reason and its audit event."""

    @transaction.atomic
    def note(
        self,
        action: str,
        *,
        user_id: UUID,
        cause: Cause,
        shown_until: datetime | None = None,
        **detail: str,
    ) -> "StaffAct":
        """Keep that a member of the staff did this to `user_id`, and why. Call it last in the transaction."""
        act = self.create(action=action, user_id=user_id, shown_until=shown_until, **asdict(cause))
        AuditEvent.objects.record(
            action,
            user_id=user_id,
            actor_id=cause.staff_id,
            act_id=str(act.id),
            reason_sha256=act.reason_digest(),
            **detail,
        )
        return act

    def look(self, *, user_id: UUID, cause: Cause) -> "StaffAct":
        """Let this session see a person's numbers for LOOK_SECONDS."""
        until = timezone.now() + timedelta(seconds=settings.LOOK_SECONDS)
        return self.note("values.opened", user_id=user_id, cause=cause, shown_until=until)

    def open_looks(self, *, staff_id: UUID, session_id: UUID) -> "dict[UUID, StaffAct]":
        """The looks that are open in this session, by person; the latest reason for each."""
        acts = self.filter(staff_id=staff_id, session_id=session_id, shown_until__gt=timezone.now())
        return {act.user_id: act for act in acts.select_related("user").order_by("shown_until")}


class StaffAct(models.Model):
    """One act and its reason. It goes when the person goes; the audit log keeps the reason's digest."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    action = models.CharField(max_length=60)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="staff_acts")
    staff_id = models.UUIDField(help_text="Who did it.")
    session_id = models.UUIDField(help_text="In which of their sessions.")
    reason = models.CharField(max_length=500)
    ticket = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    shown_until = models.DateTimeField(null=True, help_text="How long numbers are shown for this reason.")

    objects: ClassVar[StaffActManager] = StaffActManager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("session_id", "shown_until"), name="staff_act_by_session"),)

    def __str__(self) -> str:
        return f"{self.action} by {self.staff_id}"

    def reason_digest(self) -> str:
        """The digest of reason and ticket for the audit log, which shows that they were not changed since."""
        return hashlib.sha256(f"{self.id}\n{self.ticket}\n{self.reason}".encode()).hexdigest()
