"""What happened to whose account: kept for good, never changed."""

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.utils import timezone

from dashtam.logs import request_id


class AuditEventManager(models.Manager["AuditEvent"]):
    """Writes events down, in the transaction of what they tell of."""

    def record(
        self,
        action: str,
        *,
        user_id: UUID | None,
        actor_id: UUID | None = None,
        ip: str | None = None,
        **detail: str,
    ) -> None:
        """Keep that `actor_id` (the person themselves unless told) did this to the account of `user_id`.

        `detail` holds ids and codes: no secret, name, address or amount, for it outlives the account.
        """
        self.create(
            action=action,
            user_id=user_id,
            actor_id=actor_id or user_id,
            ip=ip or "",
            request_id=request_id.get(),
            detail=detail,
        )


class AuditEvent(models.Model):
    """One event. People are named by their ids only, so that nothing personal stays when they have left."""

    at = models.DateTimeField(default=timezone.now, editable=False)
    action = models.CharField(max_length=60)
    user_id = models.UUIDField(null=True, help_text="Whose account.")
    actor_id = models.UUIDField(null=True, help_text="Who did it.")
    ip = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    detail = models.JSONField(default=dict)

    objects: ClassVar[AuditEventManager] = AuditEventManager()

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("user_id", "-id"), name="audit_by_user"),)

    def __str__(self) -> str:
        return f"{self.action} at {self.at}"
