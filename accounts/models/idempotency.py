"""Idempotency keys: which requests are under way or have been answered, and with what."""

from datetime import timedelta
from typing import ClassVar
from uuid import UUID, uuid4

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from dashtam.crypto.sealed_fields import SealedField
from dashtam.ids import uuid7

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=10)


class IdempotencyKeyManager(models.Manager["IdempotencyKey"]):
    """Claims keys for one holder at a time. All times are the database's own, which every process shares."""

    def claim(
        self, *, key_hash: bytes, request_hash: bytes, user_id: UUID | None
    ) -> "tuple[UUID, IdempotencyKey | None]":
        """A new holder's number, and the key's row; the claim was granted if the row names that holder.

        A row whose lease has run out without an answer is claimed anew by the same request. No row: it was given
        up just now.
        """
        holder = uuid4()
        row = self.model(
            key_hash=key_hash,
            request_hash=request_hash,
            user_id=user_id,
            holder=holder,
            leased_until=Now() + LEASE,
        )
        self.bulk_create([row], ignore_conflicts=True)
        found = self.filter(key_hash=key_hash).first()
        if found is not None and found.holder != holder and self._take_over(found, request_hash, holder):
            found.holder = holder
        return holder, found

    def _take_over(self, row: "IdempotencyKey", request_hash: bytes, holder: UUID) -> bool:
        lapsed = self._held(id=row.id, holder=row.holder).filter(
            leased_until__lt=Now(), request_hash=request_hash
        )
        return lapsed.update(holder=holder, leased_until=Now() + LEASE) == 1

    def renew(self, *, id: UUID, holder: UUID) -> None:
        """Prolong the lease."""
        self._held(id=id, holder=holder).update(leased_until=Now() + LEASE)

    def finish(self, *, id: UUID, holder: UUID, answer: bytes) -> None:
        """Keep the sealed answer, unless another holder has taken over."""
        self._held(id=id, holder=holder).update(answer=answer)

    def give_up(self, *, id: UUID, holder: UUID) -> None:
        """Free the key."""
        self._held(id=id, holder=holder).delete()

    def long_over(self) -> "models.QuerySet[IdempotencyKey]":
        """The keys that have been kept for long enough."""
        return self.filter(created_at__lt=Now() - KEPT, leased_until__lt=Now())

    def _held(self, *, id: UUID, holder: UUID) -> "models.QuerySet[IdempotencyKey]":
        return self.filter(id=id, holder=holder, answer=None)


class IdempotencyKey(models.Model):
    """One key of one caller at one address. Without an answer, its work is under way until the lease runs out."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    key_hash = models.BinaryField(unique=True, help_text="Of caller, address and key together.")
    request_hash = models.BinaryField(help_text="A keyed hash of the body, which may hold a password.")
    holder = models.UUIDField()
    leased_until = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    answer = SealedField(null=True)

    objects: ClassVar[IdempotencyKeyManager] = IdempotencyKeyManager()

    class Meta:
        indexes = (models.Index(fields=("created_at",), name="idempotency_key_age"),)

    def __str__(self) -> str:
        return f"Idempotency key {self.id}"
