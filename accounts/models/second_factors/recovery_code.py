"""Recovery codes, for people who have lost their second factor. Shown once, each good once."""

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone


class RecoveryCodeManager(models.Manager["RecoveryCode"]):
    """Stores recovery codes, and uses each at most once."""

    def unused(self, *, user_id: UUID) -> "models.QuerySet[RecoveryCode]":
        """The codes that still work."""
        return self.filter(user_id=user_id, used_at=None)

    @transaction.atomic
    def renew(self, *, user_id: UUID, code_hashes: Iterable[bytes]) -> None:
        """Replace all codes of the person."""
        self.filter(user_id=user_id).delete()
        self.bulk_create(RecoveryCode(user_id=user_id, code_hash=code_hash) for code_hash in code_hashes)

    def use(self, *, user_id: UUID, code_hash: bytes) -> bool:
        """Use one up. Of many callers at once one gets True."""
        return self.unused(user_id=user_id).filter(code_hash=code_hash).update(used_at=timezone.now()) == 1


class RecoveryCode(models.Model):
    """One recovery code of a person; only a keyed hash of it is kept."""

    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="recovery_codes", db_index=False
    )
    code_hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[RecoveryCodeManager] = RecoveryCodeManager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "code_hash"), name="recovery_code_once"),)

    def __str__(self) -> str:
        return f"Recovery code of {self.user_id}"
