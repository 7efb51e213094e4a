"""Tokens of consents that ended here and are still to be revoked at the institution."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models, transaction
from django.utils import timezone

from dashtam.crypto.sealed_fields import SealedField
from dashtam.ids import uuid7
from dashtam.jobs.background import defer


class PendingRevocationManager(models.Manager["PendingRevocation"]):
    """Queues revocations, and erases those that came to no end."""

    @transaction.atomic
    def queue(self, revocation: "PendingRevocation") -> None:
        """Save a new revocation and the task that carries it out."""
        revocation.save(force_insert=True)
        defer("providers.tasks.revoke_consent", revocation_id=str(revocation.id))

    def give_up_old(self, now: datetime) -> int:
        """Erase the tokens that could not be revoked within LIFETIME. Returns how many."""
        return self.filter(created_at__lt=now - PendingRevocation.LIFETIME).delete()[0]


class PendingRevocation(models.Model):
    """One token on its way to the revocation endpoint (RFC 7009): deleted when done, when given up, or after a day.

    It names no connection and no person: the token can only be used to revoke itself.
    """

    ATTEMPTS = 8
    LIFETIME = timedelta(days=1)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.SlugField(max_length=40, db_index=False)
    token = SealedField()
    hint = models.CharField(max_length=20)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[PendingRevocationManager] = PendingRevocationManager()

    def __str__(self) -> str:
        return f"revocation {self.id}"
