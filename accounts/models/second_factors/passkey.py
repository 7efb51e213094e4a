"""Passkeys: key pairs in a phone, a computer or a stick, which sign a challenge of ours (WebAuthn)."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models.audit import AuditEvent
from accounts.models.second_factors.second_factor import SecondFactors
from accounts.models.session import Session
from dashtam.ids import uuid7

MOST = 20  # of one person


class PasskeyManager(models.Manager["Passkey"]):
    """Stores passkeys, and each use of one."""

    @transaction.atomic
    def add(self, *, user_id: UUID, code_hashes: list[bytes], **fields: object) -> "bool | None":
        """Store a new one. None if it is known already, else whether recovery codes were made with it."""
        try:
            with transaction.atomic():
                self.create(user_id=user_id, **fields)
        except IntegrityError:
            return None
        return SecondFactors.added(user_id=user_id, factor="passkey", code_hashes=code_hashes)

    @transaction.atomic
    def use(self, *, id: UUID, sign_count: int, challenged_at: datetime) -> bool:
        """Note that it signed a challenge. False if the challenge was used before, or the counter has gone back.

        A challenge older than the last use is used up. A counter that does not advance means a copy of the
        key (WebAuthn §6.1.1); passkeys that do not count always say 0. Of many callers at once one gets True.
        """
        unused = Q(last_used_at=None) | Q(last_used_at__lt=challenged_at)
        counted = Q(sign_count__lt=sign_count) if sign_count else Q(sign_count=0)
        if self.filter(unused, counted, id=id).update(sign_count=sign_count, last_used_at=timezone.now()):
            return True
        copied = self.filter(id=id, sign_count__gte=max(sign_count, 1)).first()
        if copied is not None:
            AuditEvent.objects.record(
                "mfa.passkey_refused", user_id=copied.user_id, reason="counter_went_back"
            )
        return False

    @transaction.atomic
    def trust(self, *, id: UUID, session_id: UUID) -> None:
        """Let it sign in alone again: `session_id` was opened by the password, with this passkey after it."""
        if Session.objects.live().select_for_update().filter(id=session_id).exists():
            self.filter(id=id, alone=False).update(alone=True)

    @transaction.atomic
    def remove(self, *, user_id: UUID, id: UUID) -> bool:
        """Delete one. False when the person has no such passkey. Raises FactorRequired."""
        removed, _ = self.filter(user_id=user_id, id=id).delete()
        if removed:
            SecondFactors.removed(user_id=user_id, factor="passkey")
        return removed > 0


class Passkey(models.Model):
    """One passkey of a person. Its public key is no secret."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=60)
    credential_id = models.TextField(unique=True, help_text="base64url")
    public_key = models.TextField(help_text="COSE, base64url")
    sign_count = models.PositiveBigIntegerField(default=0)
    synced = models.BooleanField(default=False, help_text="Whether its maker keeps copies on other devices.")
    alone = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Whether it signs in without a password: not after a password set by mail, until it was shown "
        "after that password.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[PasskeyManager] = PasskeyManager()

    class Meta:
        ordering = ("created_at",)

    def __str__(self) -> str:
        return f"Passkey of {self.user_id}"
