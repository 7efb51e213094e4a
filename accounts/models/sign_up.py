"""Sign-ups that wait for their email address to be confirmed, each with the password that was chosen in it."""

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from dashtam.crypto.sealed_tokens import digest
from dashtam.ids import uuid7

if TYPE_CHECKING:
    from accounts.models.user import User

MOST_WAITING = 10  # of one account
KEPT = timedelta(days=30)  # as long as its mail may be taken for the one of a later sign-up


def browser_hash_of(browser_key: str) -> bytes:
    """The keyed hash of a browser's random key, by which its sign-up knows it again."""
    return digest(f"browser of a sign-up {browser_key}")


class SignUpManager(models.Manager["SignUp"]):
    """Keeps sign-ups until one of them is confirmed."""

    def keep(self, *, user: "User", password_hash: str, **chosen: Any) -> "SignUp | None":
        """Keep a sign-up, with what else was `chosen`, beside those that wait already; None when there are too many.

        With a second one the account has no password of its own any more, until one of them is confirmed.
        """
        waiting = self.filter(user=user)
        if user.password not in ("", password_hash):
            if not waiting.exists():
                self._keep_own(user)
            user.password = ""
            user.save(update_fields=["password"])
        if waiting.count() >= MOST_WAITING:
            return None
        first = settings.SIGN_UP != "open"  # no one else comes in without an invitation
        return self.create(user=user, password=password_hash, to_be_first=first, **chosen)

    def _keep_own(self, user: "User") -> None:
        """Keep what an account has that was signed up before there were rows of sign-ups, or made by the staff."""
        own = {"name": user.name, "time_zone": user.time_zone, "created_at": user.created_at}
        first = self.create(user=user, password=user.password, **own)
        user.one_time_links.filter(purpose="verify_email", sign_up=None).update(sign_up=first)

    def long_over(self) -> "models.QuerySet[SignUp]":
        """Sign-ups that were not confirmed within KEPT."""
        return self.filter(created_at__lt=timezone.now() - KEPT)


class SignUp(models.Model):
    """One sign-up with an email address that is not confirmed yet. `password` is a hash."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="sign_ups")
    password = models.CharField(max_length=128)
    name = models.CharField(max_length=150, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    browser_hash = models.BinaryField(
        null=True, help_text="Of the random key in the browser that made it, which its link signs in."
    )
    to_be_first = models.BooleanField(
        default=False, db_default=False, help_text="Counts only while the installation has no other person."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[SignUpManager] = SignUpManager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"sign-up {self.id}"

    def is_from(self, browser_key: str) -> bool:
        """True if the browser that has this key made the sign-up."""
        made_by = bytes(self.browser_hash or b"")
        return bool(browser_key) and hmac.compare_digest(made_by, browser_hash_of(browser_key))
