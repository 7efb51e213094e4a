"""Email changes: asked for, confirmed from both email addresses, or stopped from the old one."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models.audit import NOBODY, AuditEvent
from accounts.models.one_time_link import OneTimeLink
from accounts.models.session import Session
from dashtam.ids import uuid7
from notifications.models import Email

WAIT = timedelta(days=7)


class EmailChangeManager(models.Manager["EmailChange"]):
    """Carries out the steps of a change. Only the mail to the new email address tells whether it is taken."""

    def waiting(self) -> "models.QuerySet[EmailChange]":
        """The changes that are neither done nor stopped, and not too old to be confirmed."""
        return self.filter(ended_at=None, created_at__gt=timezone.now() - 2 * WAIT)

    @transaction.atomic
    def ask(self, *, user_id: UUID, session_id: UUID, new_email: str) -> None:
        """Mail a link to each email address; the old one can also stop the change. Replaces an earlier change."""
        people = get_user_model().objects
        user = people.select_for_update(no_key=True).get(id=user_id)
        self.stop_all(user_id=user_id)
        change = self.create(user=user, session_id=session_id, old_email=user.email, new_email=new_email)
        taken = people.filter(email=new_email).exists()
        context = {"link_id": str(change.id)}
        to_new: dict[str, Any] = {"kind": "email_change_taken"}
        if not taken:
            to_new = {"kind": "confirm_new_email", "context": context}
        Email.objects.queue(user_id=user_id, to=new_email, **to_new)
        told = {**context, "new": new_email}
        Email.objects.queue(user_id=user_id, to=user.email, kind="email_change_asked", context=told)
        AuditEvent.objects.record("email_change.requested", user_id=user_id, change_id=str(change.id))

    @transaction.atomic
    def confirm(self, *, id: UUID, new: bool) -> "list[Session] | None":
        """Agree for one side, finish once both agree; returns the sessions that end, None without such a change."""
        change = self._locked(id)
        if change is None:
            return None
        now = timezone.now()
        if not new:
            change.old_confirmed_at = change.old_confirmed_at or now
        elif change.new_confirmed_at is None:
            change.new_confirmed_at = now
            if change.old_confirmed_at is None:
                told = {"link_id": str(id), "new": change.new_email, "when": (now + WAIT).isoformat()}
                Email.objects.queue(
                    user_id=change.user_id, to=change.old_email, kind="email_change_waiting", context=told
                )
        change.save(update_fields=["old_confirmed_at", "new_confirmed_at"])
        both = change.old_confirmed_at is not None and change.new_confirmed_at is not None
        return self._finish(change, actor_id=None) if both else []

    @transaction.atomic
    def stop(self, *, id: UUID) -> bool:
        """Stop a change, as the old email address asks. False when there is no such change."""
        change = self._locked(id)
        if change is None:
            return False
        self._end(change)
        AuditEvent.objects.record("email_change.stopped", user_id=change.user_id, change_id=str(id))
        return True

    @transaction.atomic
    def stop_all(self, *, user_id: UUID) -> None:
        """Stop the change that the person has under way, if any."""
        change = self.select_for_update().filter(user_id=user_id, ended_at=None).first()
        if change is not None:
            self._end(change)
            AuditEvent.objects.record("email_change.stopped", user_id=user_id, change_id=str(change.id))

    def overdue(self) -> list[UUID]:
        """The changes that the new email address confirmed a week ago and the old one neither confirmed nor stopped."""
        waited = self.waiting().filter(new_confirmed_at__lte=timezone.now() - WAIT)
        return list(waited.values_list("id", flat=True)[:100])

    @transaction.atomic
    def finish_overdue(self, *, id: UUID) -> "list[Session]":
        """Finish a change whose old mailbox seems lost: it had a week and two mails. Returns the sessions that end."""
        change = self._locked(id)
        if change is None or change.new_confirmed_at is None:
            return []
        return self._finish(change, actor_id=NOBODY)

    def _locked(self, id: UUID) -> "EmailChange | None":
        """Lock the change, while the account still has the old email address."""
        theirs = Q(user__is_active=True, user__email=models.F("old_email"))
        waiting = self.waiting().select_for_update(of=("self", "user"), no_key=True)
        return waiting.select_related("user").filter(theirs, id=id).first()

    def _finish(self, change: "EmailChange", *, actor_id: UUID | None) -> "list[Session]":
        self._end(change)
        user, now = change.user, timezone.now()
        user.email, user.email_verified_at = change.new_email, now
        try:
            user.save(update_fields=["email", "email_verified_at"])
        except IntegrityError:
            return []  # another person has signed up with it meanwhile, perhaps at this very moment
        OneTimeLink.objects.filter(user=user, used_at=None).update(used_at=now)
        context = {"when": now.isoformat(), "old": change.old_email, "new": change.new_email}
        for to in (change.old_email, change.new_email):
            Email.objects.queue(user_id=user.id, to=to, kind="email_changed", context=context)
        ended = Session.objects.end(
            ~Q(id=change.session_id), user_id=user.id, reason="email_changed", actor_id=actor_id
        )
        AuditEvent.objects.record(
            "email.changed", user_id=user.id, actor_id=actor_id, change_id=str(change.id)
        )
        return ended

    def _end(self, change: "EmailChange") -> None:
        change.ended_at = timezone.now()
        change.save(update_fields=["ended_at"])


class EmailChange(models.Model):
    """One change of an account's email address, under way or ended."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="email_changes")
    session_id = models.UUIDField(help_text="Where it was asked for: the one session that goes on.")
    old_email = models.EmailField(max_length=254)
    new_email = models.EmailField(max_length=254)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    old_confirmed_at = models.DateTimeField(null=True, blank=True)
    new_confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Done or stopped.")

    objects: ClassVar[EmailChangeManager] = EmailChangeManager()

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint("user", condition=Q(ended_at=None), name="email_change_one_at_a_time"),
        )

    def __str__(self) -> str:
        return f"email change {self.id}"
