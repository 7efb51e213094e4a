"""Suppressions: addresses that mail comes back from, or whose people have called it spam."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from dashtam.ids import uuid7

# Called in the transaction, with address and reason, when mail to an address stops. Apps register as they start.
on_stop: list[Callable[[str, str], None]] = []


class SuppressionManager(models.Manager["Suppression"]):
    """Stops mail to an address, and lets it go out again."""

    def stops(self, address: str) -> bool:
        """Return whether no mail goes to the address."""
        return self.filter(address=address, lifted_at=None).exists()

    @transaction.atomic
    def note(self, *, address: str, reason: str, detail: str, happened_at: datetime) -> bool:
        """Stop mail to the address; False if it was stopped already, or let out again since then.

        So the same word heard twice, late, or in another order than it was said changes nothing.
        """
        said = {"reason": reason, "detail": detail[:60], "happened_at": happened_at}
        known, made = self.select_for_update().get_or_create(address=address, defaults=said)
        if not made:
            if known.lifted_at is None or happened_at <= known.lifted_at:
                return False
            self.filter(pk=known.pk).update(lifted_at=None, **said)
        for tell in on_stop:
            tell(address, reason)
        return True

    @transaction.atomic
    def lift(self, *, address: str) -> bool:
        """Let mail go to the address again. False if nothing stopped it."""
        stopped = self.filter(address=address, lifted_at=None)
        return bool(stopped.update(lifted_at=timezone.now()))

    def long_over(self) -> "models.QuerySet[Suppression]":
        """The ones that are older than a year, or were lifted over a month ago."""
        now = timezone.now()
        lifted = Q(lifted_at__lt=now - Suppression.LIFTED_KEPT)
        return self.filter(lifted | Q(happened_at__lt=now - Suppression.KEPT))


class Suppression(models.Model):
    """One address that mail does not go to, until it is lifted. Signing in does not depend on it."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", "It comes back"
        COMPLAINT = "complaint", "It was marked as spam"

    KEPT: ClassVar[timedelta] = timedelta(days=365)
    LIFTED_KEPT: ClassVar[timedelta] = timedelta(days=30)  # longer than any mail service repeats itself

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    address = models.EmailField(max_length=254)
    reason = models.CharField(max_length=10, choices=Reason)
    detail = models.CharField(max_length=60, blank=True, help_text="The mail service's own code for it.")
    happened_at = models.DateTimeField(help_text="By the clock of the mail service.")
    lifted_at = models.DateTimeField(null=True, blank=True, help_text="Mail goes out again since then.")

    objects: ClassVar[SuppressionManager] = SuppressionManager()

    class Meta:
        ordering = ("-happened_at",)
        constraints = (models.UniqueConstraint(fields=("address",), name="suppression_of_one_address"),)

    def __str__(self) -> str:
        return f"{self.reason} of {self.address}"


def spelling_of(address: str) -> str:
    """An address as accounts have it: lower case, the domain in its ASCII spelling; as it is if that cannot be."""
    local, _, domain = address.strip().rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}".lower()
    except UnicodeError:
        return address.strip().lower()


def stopped_for(path: str) -> Any:
    """An expression for queries: the reason why no mail goes to the address in the column `path`, or NULL."""
    stopped = Suppression.objects.filter(address=models.OuterRef(path), lifted_at=None)
    return models.Subquery(stopped.values("reason")[:1])
