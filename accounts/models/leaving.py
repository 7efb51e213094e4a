"""Leaving: a deletion is announced, can be taken back for some days, and then erases everything of the person."""

from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models, transaction
from django.utils import timezone

from accounts.errors import DeletionBegun
from accounts.models.api_key import ApiKey
from accounts.models.audit import NOBODY, AuditEvent
from accounts.models.session import Session
from dashtam.errors import NotFound
from notifications.models import Email, Suppression

Person = TypeVar("Person", bound=AbstractBaseUser)  # User, which builds on this module


class LeavingManager(BaseUserManager[Person]):
    """The three steps of a deletion: leave, stay after all, erase."""

    @transaction.atomic
    def leave(self, *, user_id: UUID) -> list[Session | ApiKey]:
        """Set the day of the deletion; returns the sessions and keys that end with this. Raises NotFound."""
        user: Any = self.select_for_update(no_key=True).filter(id=user_id, is_active=True).first()
        if user is None:
            raise NotFound
        if user.deletion_due_at is None:
            user.deletion_due_at = timezone.now() + timedelta(days=settings.DELETION_GRACE_DAYS)
            user.save(update_fields=["deletion_due_at"])
            context = {"when": user.deletion_due_at.isoformat()}
            Email.objects.queue(user_id=user_id, to=user.email, kind="account_leaving", context=context)
        sessions = Session.objects.end(user_id=user_id, reason="account_leaving")
        keys = ApiKey.objects.end(user_id=user_id, reason="account_leaving")
        AuditEvent.objects.record("account.deletion_requested", user_id=user_id)
        return [*sessions, *keys]

    @transaction.atomic
    def stay(self, *, user_id: UUID) -> list[UUID]:
        """Take the deletion back; returns the live sessions, whose cached principals are still leaving.

        Raises DeletionBegun once it is due: part of the data may be gone already.
        """
        now = timezone.now()
        if self.filter(id=user_id, deletion_due_at__lte=now).exists():
            raise DeletionBegun
        if self.filter(id=user_id, deletion_due_at__gt=now).update(deletion_due_at=None):
            AuditEvent.objects.record("account.deletion_cancelled", user_id=user_id)
        return list(Session.objects.live().filter(user_id=user_id).values_list("id", flat=True))

    def due_to_leave(self) -> list[UUID]:
        """The ids of people whose deletion is due, 100 at most."""
        return list(self.filter(deletion_due_at__lte=timezone.now()).values_list("id", flat=True)[:100])

    @transaction.atomic
    def erase(self, *, user_id: UUID) -> list[Session | ApiKey] | None:
        """Delete the person with all that is theirs, and mail them; None if they stay after all.

        Returns the sessions and keys opened since they left, which end with this. What remains is the audit log,
        in which they are an id that leads nowhere.
        """
        leaving = self.select_for_update().filter(id=user_id, deletion_due_at__lte=timezone.now())
        user: Any = leaving.first()
        if user is None:
            return None
        why: dict[str, Any] = {"user_id": user_id, "reason": "account_leaving", "actor_id": NOBODY}
        ended: list[Session | ApiKey] = [*Session.objects.end(**why), *ApiKey.objects.end(**why)]
        # The staff's log of changes names people by their email address.
        shown = models.Q(content_type__app_label="accounts", content_type__model="user")
        LogEntry.objects.filter(shown, object_id=str(user_id)).delete()
        Suppression.objects.filter(address=user.email).delete()
        context = {"when": timezone.now().isoformat()}
        Email.objects.queue(user_id=None, to=user.email, kind="account_deleted", context=context)
        user.delete()
        AuditEvent.objects.record("account.deleted", user_id=user_id, actor_id=NOBODY)
        return ended
