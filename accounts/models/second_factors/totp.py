"""Authenticator apps (TOTP, RFC 6238): the second factor that makes codes from a shared secret and the time."""

from typing import ClassVar
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from accounts.models.second_factors.second_factor import SecondFactors
from dashtam.crypto.sealed_fields import SealedField


class TotpManager(models.Manager["Totp"]):
    """Stores authenticator apps, and which codes have been used."""

    @transaction.atomic
    def start(self, *, user_id: UUID, secret: bytes) -> bool:
        """Store a sealed secret until its first code confirms it. False when there is a confirmed one."""
        fresh = {"secret": secret, "last_step": 0, "created_at": timezone.now()}
        totp, created = self.select_for_update().get_or_create(user_id=user_id, defaults=fresh)
        if created or totp.confirmed_at is not None:
            return created
        self.filter(user_id=user_id).update(**fresh)
        return True

    @transaction.atomic
    def confirm(self, *, totp: "Totp", step: int, code_hashes: list[bytes]) -> bool | None:
        """Confirm the secret by its first code, which is used up. Of many callers at once all but one get None.

        That one gets whether recovery codes with these hashes were made with it.
        """
        now = timezone.now()
        unconfirmed = self.filter(user_id=totp.user_id, created_at=totp.created_at, confirmed_at=None)
        if not unconfirmed.update(confirmed_at=now, last_used_at=now, last_step=step):
            return None
        return SecondFactors.added(user_id=totp.user_id, factor="totp", code_hashes=code_hashes)

    def use(self, *, user_id: UUID, step: int) -> bool:
        """Use up the code of a time step, and those before it. Of many callers at once one gets True."""
        fresh = self.filter(user_id=user_id, last_step__lt=step).exclude(confirmed_at=None)
        return fresh.update(last_step=step, last_used_at=timezone.now()) == 1

    @transaction.atomic
    def remove(self, *, user_id: UUID) -> bool:
        """Delete the secret. False when there was no confirmed one. Raises FactorRequired."""
        removed, _ = self.filter(user_id=user_id).exclude(confirmed_at=None).delete()
        if removed:
            SecondFactors.removed(user_id=user_id, factor="totp")
        return removed > 0


class Totp(models.Model):
    """The authenticator app of a person. It counts once its first code has been entered."""

    user = models.OneToOneField(
        "accounts.User", primary_key=True, on_delete=models.CASCADE, related_name="totp"
    )
    secret = SealedField()
    last_step = models.BigIntegerField(default=0, help_text="The time step of the last code that was used.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TotpManager] = TotpManager()

    def __str__(self) -> str:
        return f"Authenticator app of {self.user_id}"
