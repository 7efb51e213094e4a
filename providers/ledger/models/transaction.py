"""Transactions of accounts."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone

from dashtam.ids import uuid7
from providers.ledger.models import grams
from providers.ledger.models.numbers import UNIT, ExactField

DETAILED = Q(details__isnull=False)


def number_in(name: str) -> KeyTextTransform:
    """A text of a transaction's details, as its index has it."""
    return KeyTextTransform(name, "details")


class Transaction(models.Model):
    """A transaction of money or securities. Positive amounts are money into the account."""

    class Status(models.TextChoices):
        PENDING = "pending"
        POSTED = "posted"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The indexes below start with these columns, so they need none of their own.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    account = models.ForeignKey(
        "providers.FinancialAccount", on_delete=models.CASCADE, related_name="transactions", db_index=False
    )
    provider_transaction_id = models.CharField(max_length=255)
    date = models.DateField(help_text="The day it counts for: posted if posted, else made.")
    posted_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=7, choices=Status)
    amount = ExactField()
    currency = models.CharField(max_length=UNIT)
    description = models.CharField(max_length=1000, blank=True)
    kind = models.CharField(max_length=32, default="unknown")
    source_code = models.CharField(max_length=64, blank=True, help_text="What the provider calls the kind.")
    category = models.CharField(max_length=80, blank=True, help_text="As it is shown.")
    feed_category = models.CharField(  # noqa: DJ001 null and no category differ
        max_length=80, null=True, help_text="The provider's category, where the person has chosen another."
    )
    note = models.CharField(
        max_length=1000, blank=True, help_text="The person's own words; no sync touches them."
    )
    security = models.ForeignKey(
        "providers.Security", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    quantity = ExactField(null=True)
    price = ExactField(null=True)
    fees = ExactField(null=True)
    details = models.JSONField(
        null=True, help_text="Facts that few rows have, decimals as text: see providers.records.Details."
    )
    replaced_id = models.CharField(
        max_length=255,
        blank=True,
        help_text="The provider's id of the row this one came from: pending, or corrected.",
    )
    first_seen_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["Transaction"]] = models.Manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                "account", "provider_transaction_id", name="transaction_once_per_account"
            ),
        )
        indexes = (
            models.Index(fields=("account", "-date", "-id"), name="transaction_by_account"),
            models.Index(fields=("user", "-date", "-id"), name="transaction_by_user"),
            models.Index(fields=("user", "category"), name="transaction_by_category"),
            models.Index(
                fields=("account", "replaced_id"), name="transaction_replaced", condition=~Q(replaced_id="")
            ),
            models.Index(
                fields=("security",), name="transaction_by_security", condition=Q(security__isnull=False)
            ),
            models.Index("user", number_in("check_number"), name="transaction_check", condition=DETAILED),
            models.Index("user", number_in("reference"), name="transaction_reference", condition=DETAILED),
            GinIndex(grams.of_row(), name="transaction_grams"),
        )

    def __str__(self) -> str:
        return f"transaction {self.id}"


class WithdrawnTransaction(models.Model):
    """The id and the person's own words of a transaction that its provider withdrew.

    It may come back, or come as its posted form.
    """

    KEPT = timedelta(days=90)

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        "providers.FinancialAccount", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    provider_transaction_id = models.CharField(max_length=255)
    transaction_id = models.UUIDField(help_text="Our id, so that it stays the same.")
    note = models.CharField(max_length=1000, blank=True)
    category = models.CharField(max_length=80, null=True, help_text="The person's own, if they chose one.")  # noqa: DJ001
    first_seen_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["WithdrawnTransaction"]] = models.Manager()

    class Meta:
        constraints = (
            models.UniqueConstraint("account", "provider_transaction_id", name="withdrawn_once_per_account"),
        )

    def __str__(self) -> str:
        return f"withdrawn transaction {self.transaction_id}"
