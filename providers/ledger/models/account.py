"""Accounts at institutions, and their balances over time."""

from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashtam.errors import NotFound
from dashtam.ids import uuid7
from providers.ledger.models.numbers import ExactField


class Lacks(models.TextChoices):
    """The part of an account that its balance does not count, because the institution does not state it."""

    CASH = "cash"
    HOLDINGS = "holdings", "Some holdings"
    BOTH = "cash_and_holdings", "Cash and some holdings"


class FinancialAccountManager(models.Manager["FinancialAccount"]):
    """Accounts by their owner."""

    def currency_of(self, *, user_id: UUID, id: UUID) -> str:
        """The currency of an account of this person. Raises NotFound, also for another person's."""
        currency = self.filter(user_id=user_id, id=id).values_list("currency", flat=True).first()
        if currency is None:
            raise NotFound
        return currency


class FinancialAccount(models.Model):
    """A bank, card, loan or investment account. Money owed is a negative balance."""

    class Type(models.TextChoices):
        DEPOSITORY = "depository"
        CREDIT = "credit"
        LOAN = "loan"
        INVESTMENT = "investment"
        OTHER = "other"

    LIABILITIES = (Type.CREDIT, Type.LOAN)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="financial_accounts", db_index=False
    )
    connection = models.ForeignKey(
        "providers.Connection", on_delete=models.CASCADE, related_name="accounts", db_index=False
    )
    provider_account_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    mask = models.CharField(max_length=8, blank=True, help_text="The last characters of the number.")
    type = models.CharField(max_length=12, choices=Type)
    subtype = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    balance_current = ExactField(null=True)
    balance_available = ExactField(null=True)
    balance_limit = ExactField(null=True)
    balance_as_of = models.DateTimeField(null=True, help_text="When the institution says it was so.")
    balance_date = models.DateField(null=True, help_text="The day of the balance where the institution is.")
    balance_lacks = models.CharField(max_length=20, choices=Lacks, blank=True, default="", db_default="")
    balance_fetched_at = models.DateTimeField(null=True, help_text="When we asked.")
    balances_version = models.PositiveBigIntegerField(
        default=0, help_text="Grows with every change of a balance."
    )
    holdings_as_of = models.DateTimeField(
        null=True, help_text="When its holdings were as we have them, also where it holds nothing."
    )
    transactions_cursor = models.TextField(blank=True)
    history_from = models.DateField(
        null=True, blank=True, help_text="Where the balance history we asked for starts."
    )
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when the institution lists it no more."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[FinancialAccountManager] = FinancialAccountManager()

    class Meta:
        ordering = ("type", "name", "id")
        constraints = (
            models.UniqueConstraint("connection", "provider_account_id", name="account_once_per_connection"),
        )
        indexes = (models.Index(fields=("user", "type", "name"), name="account_by_user"),)

    def __str__(self) -> str:
        return f"{self.type} account {self.id}"


class BalanceSnapshot(models.Model):
    """A balance snapshot: the last balance known of a day. A `derived` one was worked out from transactions."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        FinancialAccount, on_delete=models.CASCADE, related_name="balances", db_index=False
    )
    date = models.DateField()
    current = ExactField()
    available = ExactField(null=True)
    limit = ExactField(null=True)
    lacks = models.CharField(max_length=20, choices=Lacks, blank=True, default="", db_default="")
    as_of = models.DateTimeField()
    fetched_at = models.DateTimeField()
    derived = models.BooleanField(default=False, db_default=False)

    objects: ClassVar[models.Manager["BalanceSnapshot"]] = models.Manager()

    class Meta:
        ordering = ("-date",)
        constraints = (
            # Sums over years then read the index alone.
            models.UniqueConstraint(
                fields=("account", "date"), include=("current",), name="balance_each_day"
            ),
        )
        indexes = (
            models.Index(fields=("account", "date"), name="balance_derived", condition=Q(derived=True)),
        )

    def __str__(self) -> str:
        return f"balance of {self.account_id} on {self.date}"
