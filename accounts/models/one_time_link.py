"""One-time links, mailed to confirm an email address or to set a new password."""

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.sign_up import SignUp
from dashtam.ids import uuid7
from notifications.models import Email

if TYPE_CHECKING:
    from accounts.models.user import User


class OneTimeLinkManager(models.Manager["OneTimeLink"]):
    """Mails links and redeems each at most once."""

    @transaction.atomic
    def mail(self, *, user: "User", purpose: "OneTimeLink.Purpose", sign_up: SignUp | None = None) -> None:
        """Mail a new link; older ones for the same purpose, of the same sign-up if any, stop working."""
        now = timezone.now()
        self.filter(user_id=user.id, purpose=purpose, sign_up=sign_up, used_at=None).update(used_at=now)
        fields = {"email": user.email, "expires_at": now + OneTimeLink.LIFETIME[purpose], "sign_up": sign_up}
        link = self.create(user_id=user.id, purpose=purpose, **fields)
        Email.objects.queue(user_id=user.id, to=user.email, kind=purpose, context={"link_id": str(link.id)})

    def open(self, *, id: UUID, purpose: "OneTimeLink.Purpose") -> "OneTimeLink | None":
        """The link with its user, while it can be redeemed."""
        links = self.select_related("user", "sign_up").filter(id=id, purpose=purpose, used_at=None)
        return links.filter(
            expires_at__gt=timezone.now(), user__email=F("email"), user__is_active=True
        ).first()

    def redeem(self, *, id: UUID, purpose: "OneTimeLink.Purpose") -> "OneTimeLink | None":
        """Use the link up. Of many callers at once exactly one gets it."""
        link = self.open(id=id, purpose=purpose)
        if link is None or self.filter(id=id, used_at=None).update(used_at=timezone.now()) == 0:
            return None
        return link


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
    email = models.EmailField(
        max_length=254, help_text="The address it was sent to; a later change ends the link."
    )
    sign_up = models.ForeignKey(
        SignUp,
        null=True,
        on_delete=models.SET_NULL,
        related_name="links",
        help_text="The sign-up that it confirms.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[OneTimeLinkManager] = OneTimeLinkManager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("user", "purpose"), condition=Q(used_at=None), name="one_time_link_open"),
            models.Index(fields=("expires_at",), name="one_time_link_age"),
        )

    def __str__(self) -> str:
        return f"{self.purpose} for {self.user_id}"
