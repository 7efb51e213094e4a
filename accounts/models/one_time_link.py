"""The links we mail: to confirm an address, and to set a new password."""

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashtam.ids import uuid7


class OneTimeLinkManager(models.Manager["OneTimeLink"]):
    """Issues links and redeems each at most once."""

    def issue(self, *, user_id: UUID, purpose: "OneTimeLink.Purpose", email: str) -> "OneTimeLink":
        """A new link; older ones for the same purpose stop working."""
        self.filter(user_id=user_id, purpose=purpose, used_at=None).update(used_at=timezone.now())
        expires_at = timezone.now() + OneTimeLink.LIFETIME[purpose]
        return self.create(user_id=user_id, purpose=purpose, email=email, expires_at=expires_at)

    def redeem(self, *, id: UUID, purpose: "OneTimeLink.Purpose") -> bool:
        """Use the link up. Of many callers at once exactly one gets True."""
        now = timezone.now()
        open_links = self.filter(id=id, purpose=purpose, used_at=None, expires_at__gt=now, user__email=models.F("email"))
        return open_links.update(used_at=now) == 1


class OneTimeLink(models.Model):
    """A mailed link. The token in it is derived from `id`, never stored."""

    class Purpose(models.TextChoices):
        VERIFY_EMAIL = "verify_email"
        RESET_PASSWORD = "reset_password"  # noqa: S105 a purpose

    LIFETIME: ClassVar[dict[str, timedelta]] = {
        Purpose.VERIFY_EMAIL: timedelta(hours=24),
        Purpose.RESET_PASSWORD: timedelta(minutes=30),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="one_time_links")
    purpose = models.CharField(max_length=16, choices=Purpose)
    email = models.EmailField(max_length=254, help_text="The address it was sent to; a later change ends the link.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[OneTimeLinkManager] = OneTimeLinkManager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("user", "purpose"), condition=Q(used_at=None), name="one_time_link_open"),)

    def __str__(self) -> str:
        return f"{self.purpose} for {self.user_id}"
