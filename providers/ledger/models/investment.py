"""Securities, and the holdings of accounts."""

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from dashtam.ids import uuid7
from providers.ledger.models.numbers import UNIT, ExactField
from providers.ledger.models.transaction import Transaction


class SecurityManager(models.Manager["Security"]):
    """Finds the securities that no account refers to any more."""

    def long_over(self) -> "models.QuerySet[Security]":
        """Those that no holding and no transaction names, and that were first named KEPT ago."""
        milliseconds = int((timezone.now() - Security.KEPT).timestamp() * 1000)
        held = Exists(Holding.objects.filter(security=OuterRef("pk")))
        traded = Exists(Transaction.objects.filter(security=OuterRef("pk")))
        # Ids begin with the time at which they were made (RFC 9562 §5.7).
        return self.filter(~held, ~traded, pk__lt=UUID(int=milliseconds << 80))


class Security(models.Model):
    """A stock, fund, bond or other instrument, as one provider names it."""

    KEPT = timedelta(days=30)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.SlugField(max_length=40, db_index=False)
    provider_security_id = models.CharField(max_length=200)
    symbol = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=300)
    type = models.CharField(max_length=40, blank=True)
    cusip = models.CharField(max_length=9, blank=True)
    isin = models.CharField(max_length=12, blank=True)
    currency = models.CharField(max_length=UNIT)

    objects: ClassVar[SecurityManager] = SecurityManager()

    class Meta:
        verbose_name_plural = "securities"
        constraints = (
            models.UniqueConstraint("provider", "provider_security_id", name="security_once_per_provider"),
        )

    def __str__(self) -> str:
        return self.symbol or self.name


class Holding(models.Model):
    """An account's holding of one security. A short one has a negative quantity."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(
        "providers.FinancialAccount", on_delete=models.CASCADE, related_name="holdings", db_index=False
    )
    security = models.ForeignKey(Security, on_delete=models.PROTECT, related_name="holdings")
    quantity = ExactField()
    price = ExactField(null=True)
    market_value = ExactField(null=True)
    cost_basis = ExactField(null=True, help_text="Of the whole position, not per unit.")
    currency = models.CharField(max_length=UNIT)
    lots = models.JSONField(
        null=True, help_text="Units by purchase, if the institution tells them: LotRecords."
    )
    as_of = models.DateTimeField()
    fetched_at = models.DateTimeField()

    objects: ClassVar[models.Manager["Holding"]] = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint("account", "security", name="holding_once_per_security"),)

    def __str__(self) -> str:
        return f"holding {self.id}"
