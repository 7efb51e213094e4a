"""The door: who may sign up, as SIGN_UP says, and the first person, whose installation it is."""

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import connection
from django.utils import timezone

from accounts.errors import InvitationNeeded, SignUpClosed
from accounts.models.audit import NOBODY, AuditEvent
from notifications.models import Email

if TYPE_CHECKING:
    from accounts.models.user import User

Person = TypeVar("Person", bound=AbstractBaseUser)  # User, which builds on this module

OPEN, BY_INVITATION = "open", "invitation"
LOCK = 0x0D00_0001  # of PostgreSQL's advisory locks: one first person at a time


class DoorManager(BaseUserManager[Person]):
    """Lets people in: strangers, the first person, superusers."""

    def require_open_door(self) -> None:
        """Raise SignUpClosed, or InvitationNeeded, unless a stranger may sign up. The first person always may."""
        if settings.SIGN_UP == OPEN or not self._confirmed().exists():
            return
        raise InvitationNeeded if settings.SIGN_UP == BY_INVITATION else SignUpClosed

    def admit(self, user: "User") -> bool:
        """Return whether the person, whose email address is about to be confirmed, is the first one.

        Raises SignUpClosed for those who signed up beside the first person, and whose link comes too late.
        """
        waiting = user.sign_ups.all()
        hoped = waiting.exists() and not waiting.filter(to_be_first=False).exists()
        if settings.SIGN_UP == OPEN or not hoped or user.email_verified_at is not None:
            return False
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if self._confirmed().exists():
            raise SignUpClosed
        return True

    def appoint_first(self, *, user_id: UUID) -> None:
        """Make the first person a superuser: the installation is theirs."""
        user: Any = self.get(pk=user_id)
        user.is_staff = user.is_superuser = True
        user.save(update_fields=["is_staff", "is_superuser"])

    def announce_superuser(self, user: "User") -> None:
        """Mail all ADMINS that there is a new superuser."""
        for _, email in settings.ADMINS:
            context = {"when": timezone.now().isoformat(), "email": user.email}
            Email.objects.queue(user_id=None, to=email, kind="superuser_made", context=context)
        AuditEvent.objects.record("superuser.made", user_id=user.id, actor_id=NOBODY)

    def _confirmed(self) -> Any:
        return self.exclude(email_verified_at=None)
