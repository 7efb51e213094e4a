"""Invitations: one mailed link each, for one email address, once."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models.audit import AuditEvent
from dashtam.ids import uuid7
from notifications.models import Email

if TYPE_CHECKING:
    from accounts.models.user import User

WORKS_FOR = timedelta(days=7)
KEPT = timedelta(days=30)


class InvitationManager(models.Manager["Invitation"]):
    """Sends, takes back and uses up invitations."""

    def open(self) -> "models.QuerySet[Invitation]":
        """The invitations that a link still opens, of people who may still invite."""
        live = self.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())
        return live.filter(invited_by__is_active=True, invited_by__is_staff=True)

    def long_over(self) -> "models.QuerySet[Invitation]":
        """The invitations that ended over a month ago: they hold email addresses."""
        return self.filter(expires_at__lt=timezone.now() - KEPT)

    @transaction.atomic
    def send(self, *, user_id: UUID, email: str) -> "Invitation":
        """Mail an invitation; earlier ones to the address end. To a person who has an account, the mail says so."""
        inviter = get_user_model().objects.select_for_update(no_key=True).get(id=user_id)
        now = timezone.now()
        self.filter(email=email, used_at=None, revoked_at=None).update(revoked_at=now)
        sent = self.create(invited_by=inviter, email=email, expires_at=now + WORKS_FOR)
        context = {"link_id": str(sent.id), "inviter": inviter.email, "when": sent.expires_at.isoformat()}
        known = get_user_model().objects.filter(email=email).exclude(email_verified_at=None).exists()
        kind = "invitation_known" if known else "invitation"
        Email.objects.queue(user_id=user_id, to=email, kind=kind, context=context)
        AuditEvent.objects.record("invitation.sent", user_id=user_id, invitation=str(sent.id))
        return sent

    @transaction.atomic
    def revoke(self, *, id: UUID, actor_id: UUID) -> bool:
        """Take an invitation back. False when there is none that is open."""
        found = self.select_for_update(of=("self",)).filter(id=id, used_at=None, revoked_at=None).first()
        if found is None:
            return False
        self.filter(id=id).update(revoked_at=timezone.now())
        AuditEvent.objects.record(
            "invitation.revoked", user_id=found.invited_by_id, actor_id=actor_id, invitation=str(id)
        )
        return True

    @transaction.atomic
    def accept(self, *, id: UUID, email: str, password_hash: str, name: str, time_zone: str) -> "User | None":
        """Make the invited person's account, confirmed: the link has reached their mailbox.

        None when the invitation does not count for `email`, or the address has an account meanwhile.
        """
        invitation = self.open().select_for_update(of=("self",)).filter(id=id, email=email).first()
        if invitation is None:
            return None
        people: Any = get_user_model().objects
        chosen = {"password": password_hash, "name": name, "time_zone": time_zone}
        user, _ = people.select_for_update().get_or_create(email=email, defaults=chosen)
        if user.email_verified_at is not None or not user.is_active:
            return None
        self.filter(id=id).update(used_at=timezone.now())
        # What strangers may have chosen with this address before is discarded with their links.
        people.confirm_email(user, email, **chosen)
        AuditEvent.objects.record("account.registered", user_id=user.id, invitation=str(id))
        AuditEvent.objects.record("invitation.used", user_id=invitation.invited_by_id, invitation=str(id))
        confirmed: User = people.get(id=user.id)
        return confirmed


class Invitation(models.Model):
    """One invitation. The token in its link is derived from `id`, never stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, help_text="The one address that it is for.")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invitations"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[InvitationManager] = InvitationManager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(
                fields=("email",), condition=Q(used_at=None, revoked_at=None), name="invitation_open"
            ),
        )

    def __str__(self) -> str:
        return f"invitation {self.id}"

    @property
    def state(self) -> str:
        """One word for what has become of it."""
        if self.used_at is not None:
            return "used"
        if self.revoked_at is not None:
            return "taken back"
        return "waiting" if self.expires_at > timezone.now() else "expired"
