"""Identities: people of the sign-in provider, each linked with an account by the account's own person."""

from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from accounts.errors import IdentityTaken
from accounts.models.audit import AuditEvent
from dashtam.ids import uuid7
from dashtam.web.visitor import network_of, request_ip
from notifications.models import Email


class IdentityManager(models.Manager["Identity"]):
    """Links, finds and unlinks. An email address of the provider links nothing."""

    def link(self, *, user_id: UUID, issuer: str, subject: str, label: str) -> "Identity":
        """Link an identity with the account, and mail its person. Raises IdentityTaken."""
        try:
            with transaction.atomic():
                linked = self.create(user_id=user_id, issuer=issuer, subject=subject, label=label)
                self._tell(user_id, "linked")
                return linked
        except IntegrityError as error:  # of another account, or a second one of this
            raise IdentityTaken from error

    @transaction.atomic
    def used(self, *, issuer: str, subject: str) -> "Identity | None":
        """The identity with its person, who signs in by it now; None for one that is not linked."""
        found = self.select_related("user").filter(issuer=issuer, subject=subject).first()
        if found is not None:
            self.filter(id=found.id).update(last_used_at=timezone.now())
        return found

    @transaction.atomic
    def unlink(self, *, user_id: UUID, id: UUID) -> bool:
        """Unlink one of a person's identities, and mail them. False when there is none."""
        gone, _ = self.filter(user_id=user_id, id=id).delete()
        if gone:
            self._tell(user_id, "unlinked")
        return bool(gone)

    def _tell(self, user_id: UUID, change: str) -> None:
        email = get_user_model().objects.values_list("email", flat=True).get(id=user_id)
        network = network_of(request_ip.get()) or "unknown"
        context = {"change": change, "when": timezone.now().isoformat(), "network": network}
        Email.objects.queue(user_id=user_id, to=email, kind="identity_changed", context=context)
        AuditEvent.objects.record(f"identity.{change}", user_id=user_id)


class Identity(models.Model):
    """One person of the provider, who may sign in to one account here."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identities", db_index=False
    )
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255, help_text="The provider's own, unchanging name of the person.")
    label = models.CharField(max_length=100, blank=True, help_text="For the person's eyes; proves nothing.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[IdentityManager] = IdentityManager()

    class Meta:
        verbose_name_plural = "identities"
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint("issuer", "subject", name="identity_once"),
            models.UniqueConstraint("user", "issuer", name="identity_one_of_each_provider"),
        )

    def __str__(self) -> str:
        return f"identity {self.id}"
