"""The audit log: events of accounts, kept for good, never changed, each chained to the one before it."""

import functools
import logging
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from dashtam.telemetry import logs
from dashtam.telemetry.logs import request_id
from dashtam.web.visitor import network_of, request_ip

logger = logging.getLogger("dashtam.audit")

NOBODY = UUID(int=0)  # an actor: Dashtam by itself, or a stranger
A_FEW = 10  # an hour, of events that a stranger can cause


class AuditEventManager(models.Manager["AuditEvent"]):
    """Writes events, in the transaction of the change that they tell of."""

    def record(
        self,
        action: str,
        *,
        user_id: UUID | None,
        actor_id: UUID | None = None,
        ip: str | None = None,
        **detail: str,
    ) -> None:
        """Keep that `actor_id` (the person unless told; or NOBODY) did this to the account of `user_id`.

        Call it last in the transaction: rows written after it are checked while the order of events is locked.
        `ip` is the request's own unless told. `detail` holds ids and codes: no secret, name, email address or
        amount, for it outlives the account.
        """
        event = self.made(action, user_id=user_id, actor_id=actor_id, ip=ip, **detail)
        event.save(force_insert=True)
        self.log(event)

    def made(
        self,
        action: str,
        *,
        user_id: UUID | None,
        actor_id: UUID | None = None,
        ip: str | None,
        **detail: str,
    ) -> "AuditEvent":
        """Build an event as `record` writes it, not yet saved."""
        return self.model(
            action=action,
            user_id=user_id,
            actor_id=None if actor_id == NOBODY else actor_id or user_id,
            ip=network_of(ip or request_ip.get()),
            request_id=request_id.get(),
            detail=detail,
        )

    def log(self, event: "AuditEvent") -> None:
        """Log the event as well, once its transaction commits."""
        told: dict[str, Any] = {"user_id": event.user_id, "actor_id": event.actor_id, "client": event.ip}
        transaction.on_commit(
            functools.partial(logs.event, logger, event.action, **told, detail=event.detail)
        )

    def record_a_few(self, action: str, *, user_id: UUID, **detail: str) -> None:
        """Record an event that a stranger may have caused: by NOBODY, and at most A_FEW an hour."""
        latest = self.filter(user_id=user_id).order_by("-id").values_list("action", "at")[: 5 * A_FEW]
        since = timezone.now() - timedelta(hours=1)
        if sum(known == action and at > since for known, at in latest) < A_FEW:
            self.record(action, user_id=user_id, actor_id=NOBODY, **detail)


class AuditEvent(models.Model):
    """One event. People are named by their ids only, so that nothing personal stays once an account is deleted.

    The database puts each event into the chain as its transaction commits, and refuses every later change.
    """

    APPEND_ONLY: ClassVar[bool] = True  # the application's database role may add rows and change none

    at = models.DateTimeField(default=timezone.now, editable=False)
    action = models.CharField(max_length=60)
    user_id = models.UUIDField(null=True, help_text="Whose account.")
    actor_id = models.UUIDField(null=True, help_text="Who did it.")
    ip = models.CharField(max_length=45, blank=True, help_text="The network that it came from.")
    request_id = models.CharField(max_length=32, blank=True)
    detail = models.JSONField(default=dict)
    seq = models.BigIntegerField(
        null=True, unique=True, editable=False, help_text="Its place in the chain: 1, 2, 3 without a gap."
    )
    prev_hash = models.BinaryField(null=True, help_text="The hash of the event before it.")
    hash = models.BinaryField(null=True, help_text="SHA-256 over prev_hash and all that the event says.")

    objects: ClassVar[AuditEventManager] = AuditEventManager()

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("user_id", "-id"), name="audit_by_user"),)

    def __str__(self) -> str:
        return f"{self.action}, {self.at:%-d %b %Y, %H:%M:%S} UTC"
