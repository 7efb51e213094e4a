"""The queue of mails, sent or yet to be sent. Bodies are rendered when sending and never stored."""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from dashtam.ids import uuid7
from dashtam.jobs.background import defer
from notifications import kinds
from notifications.errors import MailDelayed


class EmailManager(models.Manager["Email"]):
    """Queues mail in the caller's transaction, and hands each to one sender at a time."""

    @transaction.atomic
    def queue(
        self, *, user_id: UUID | None, to: str, kind: str, context: dict[str, str] | None = None
    ) -> "Email":
        """Queue a mail to go out once the transaction commits. Raises ValueError when the kind needs more context."""
        context = context or {}
        kinds.check(kind, context)
        email = self.create(user_id=user_id, to=to, kind=kind, context=context)
        _defer(email.id)
        return email

    def claim(self, id: UUID) -> "Email | None":
        """Lease the mail to this caller alone; None when it is sent, given up or deleted.

        Raises MailDelayed while another sender has the lease, which ends by itself should that sender have died.
        """
        now = timezone.now()
        free = self.filter(Q(leased_until=None) | Q(leased_until__lt=now), id=id, state=Email.State.QUEUED)
        if free.update(leased_until=now + Email.LEASE, attempts=F("attempts") + 1):
            return self.select_related("user").filter(id=id).first()
        if self.filter(id=id, state=Email.State.QUEUED).exists():
            raise MailDelayed(code="mail_in_flight")
        return None

    def hold_after_restore(self) -> str:
        """Give up what waited when a backup was made: the original has sent it by now, most likely."""
        waiting = self.filter(state=Email.State.QUEUED)
        held = waiting.count()
        waiting.filter(kind__in=[name for name, kind in kinds.KINDS.items() if not kind.keep]).delete()
        waiting.update(state=Email.State.FAILED, error_code="restored", leased_until=None)
        if not held:
            return ""
        which = "One mail that waited then is" if held == 1 else f"{held} mails that waited then are"
        return f"{which} held back: the original has sent them, most likely. Staff can send them again in the admin."

    def long_over(self) -> "models.QuerySet[Email]":
        """The mails sent or given up over a month ago."""
        over = self.filter(state__in=(Email.State.SENT, Email.State.FAILED))
        return over.filter(created_at__lt=timezone.now() - Email.KEPT)

    def came_back(self, *, message_id: str, reason: str) -> None:
        """Note that a mail that was taken has bounced, or was called spam."""
        sent = self.filter(provider_message_id=message_id, state=Email.State.SENT)
        if message_id:
            sent.update(error_code=f"mail_{reason}")

    @transaction.atomic
    def send_again(self, ids: Sequence[UUID]) -> int:
        """Queue mail that was given up, with all its attempts anew. Returns how many."""
        failed = list(self.filter(id__in=ids, state=Email.State.FAILED).select_for_update())
        for email in failed:
            email.state, email.attempts, email.error_code = Email.State.QUEUED, 0, ""
            email.save(update_fields=["state", "attempts", "error_code"])
            _defer(email.id)
        return len(failed)


def _defer(id: UUID) -> None:
    defer("notifications.tasks.deliver_email", email_id=str(id))


class Email(models.Model):
    """One message to one person."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"

    KEPT: ClassVar[timedelta] = timedelta(days=30)
    LEASE: ClassVar[timedelta] = timedelta(seconds=60)  # longer than a transport may take

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="emails"
    )
    to = models.EmailField(max_length=254)
    kind = models.CharField(max_length=40, help_text="The template's name.")
    context = models.JSONField(default=dict, help_text="What the template needs. Never a secret.")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True, help_text="While somebody is sending it.")
    error_code = models.CharField(max_length=40, blank=True, help_text="Why it did not go out the last time.")
    provider_message_id = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[EmailManager] = EmailManager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("state", "created_at"), name="email_by_state"),)

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"

    def mark_sent(self, provider_message_id: str) -> None:
        """Note that the mail service has taken it, under which id."""
        self._finish(
            state=self.State.SENT,
            sent_at=timezone.now(),
            provider_message_id=provider_message_id[:200],
            error_code="",
        )

    def mark_failed(self, error_code: str) -> None:
        """Note that it will not go out, and why."""
        self._finish(state=self.State.FAILED, error_code=error_code[:40])

    def mark_delayed(self, error_code: str) -> None:
        """Note that it could not go out yet, and why."""
        self._finish(error_code=error_code[:40])

    def _finish(self, **changes: object) -> None:
        """Update the row without `save`: the person and their mail may have been deleted meanwhile."""
        if "state" in changes and not kinds.KINDS[self.kind].keep:
            Email.objects.filter(id=self.id).delete()
            return
        Email.objects.filter(id=self.id).update(leased_until=None, **changes)
