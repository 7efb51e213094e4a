"""Securities, and the holdings of accounts."""

from typing import ClassVar

from django.db import models

from dashtam.ids import uuid7
from providers.ledger.models.account import MONEY

QUANTITY = MONEY


class Security(models.Model):
    """A stock, fund, bond or other instrument, as one provider names it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.SlugField(max_length=40)
    provider_security_id = models.CharField(max_length=200)
    symbol = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=300)
    type = models.CharField(max_length=40, blank=True)
    cusip = models.CharField(max_length=9, blank=True)
    isin = models.CharField(max_length=12, blank=True)
    currency = models.CharField(max_length=3)

    objects: ClassVar[models.Manager["Security"]] = models.Manager()

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
        "providers.FinancialAccount", on_delete=models.CASCADE, related_name="holdings"
    )
    security = models.ForeignKey(Security, on_delete=models.PROTECT, related_name="holdings")
    quantity = models.DecimalField(**QUANTITY)
    price = models.DecimalField(**QUANTITY, null=True)
    market_value = models.DecimalField(**MONEY, null=True)
    cost_basis = models.DecimalField(**MONEY, null=True, help_text="Of the whole position, not per unit.")
    currency = models.CharField(max_length=3)
    as_of = models.DateTimeField()
    fetched_at = models.DateTimeField()

    objects: ClassVar[models.Manager["Holding"]] = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint("account", "security", name="holding_once_per_security"),)

    def __str__(self) -> str:
        return f"holding {self.id}"
