"""Leaving: announced, some days of grace to think again, and then the person is erased."""

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
from notifications.models import Email

Person = TypeVar("Person", bound=AbstractBaseUser)  # User, which builds on this module


class LeavingManager(BaseUserManager[Person]):
    """The transitions: leave, then stay after all or be erased."""

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
        """Take the deletion back; returns the live sessions, whose cached principals still say that the person leaves.

        Raises DeletionBegun on the day itself: part of their data may be deleted already.
        """
        now = timezone.now()
        if self.filter(id=user_id, deletion_due_at__lte=now).exists():
            raise DeletionBegun
        if self.filter(id=user_id, deletion_due_at__gt=now).update(deletion_due_at=None):
            AuditEvent.objects.record("account.deletion_cancelled", user_id=user_id)
        return list(Session.objects.live().filter(user_id=user_id).values_list("id", flat=True))

    def due_to_leave(self) -> list[UUID]:
        """The ids of people whose days of grace are over, a hundred at most."""
        return list(self.filter(deletion_due_at__lte=timezone.now()).values_list("id", flat=True)[:100])

    @transaction.atomic
    def erase(self, *, user_id: UUID) -> list[Session | ApiKey] | None:
        """Delete the person's row with all that hangs on it, and mail them; None if they stay after all.

        Returns the sessions and keys of the days of grace, which end with this. The audit log remains, and
        names the person by an id that leads nowhere any more.
        """
        leaving = self.select_for_update().filter(id=user_id, deletion_due_at__lte=timezone.now())
        user: Any = leaving.first()
        if user is None:
            return None
        sessions = Session.objects.end(user_id=user_id, reason="account_leaving", actor_id=NOBODY)
        keys = ApiKey.objects.end(user_id=user_id, reason="account_leaving", actor_id=NOBODY)
        # The staff's log of changes names people by their email address.
        shown = models.Q(content_type__app_label="accounts", content_type__model="user")
        LogEntry.objects.filter(shown, object_id=str(user_id)).delete()
        context = {"when": timezone.now().isoformat()}
        Email.objects.queue(user_id=None, to=user.email, kind="account_deleted", context=context)
        user.delete()
        AuditEvent.objects.record("account.deleted", user_id=user_id, actor_id=NOBODY)
        return [*sessions, *keys]
