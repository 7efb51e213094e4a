"""Sources of an account's rows, and the aliases by which an account is known again."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from providers.ledger.identity.records import Grade


class Source(models.Model):
    """One observer of one account: a feed, the files of one format, or the person."""

    class Kind(models.TextChoices):
        FEED = "feed"
        FILE = "file"
        PERSON = "person"

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        "providers.FinancialAccount", on_delete=models.CASCADE, related_name="sources", db_index=False
    )
    kind = models.CharField(max_length=6, choices=Kind)
    name = models.CharField(max_length=200, help_text="The feed's connection, or the format of files.")
    provider = models.SlugField(max_length=40, db_index=False, help_text="The namespace of its security ids.")
    grade = models.SmallIntegerField(
        choices=[(grade.value, grade.name.lower()) for grade in Grade],
        help_text="The worth of its ids: falls when they move, never rises.",
    )
    old_ids_to = models.BigIntegerField(
        default=0, help_text="Observations up to this one are of an earlier consent; their ids prove nothing."
    )
    complete_at = models.DateTimeField(null=True, help_text="When it was first read to its end.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["Source"]] = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint("account", "kind", "name", name="source_once_per_account"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class AccountAlias(models.Model):
    """A keyed digest by which an account proves to be the same: an IBAN's, a number's, a provider's own."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    account = models.ForeignKey(
        "providers.FinancialAccount", on_delete=models.CASCADE, related_name="aliases"
    )
    alias_hash = models.BinaryField(max_length=32)
    of_id = models.BooleanField(default=False, help_text="An id that the provider gave it earlier.")

    objects: ClassVar[models.Manager["AccountAlias"]] = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint("user", "alias_hash", "account", name="alias_once"),)

    def __str__(self) -> str:
        return f"alias of {self.account_id}"


class AccountDoor(models.Model):
    """An account that its institution lists, but that is another account of ours: its rows land there."""

    account = models.OneToOneField(
        "providers.FinancialAccount", on_delete=models.CASCADE, primary_key=True, related_name="door"
    )
    into = models.ForeignKey("providers.FinancialAccount", on_delete=models.CASCADE, related_name="+")

    objects: ClassVar[models.Manager["AccountDoor"]] = models.Manager()

    def __str__(self) -> str:
        return f"door to {self.into_id}"


class LedgerSettings(models.Model):
    """A person's settings of lists and totals. They never change how rows are recognised."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    count_pending = models.BooleanField(default=True)
    show_from = models.DateField(null=True, help_text="Lists begin here.")

    objects: ClassVar[models.Manager["LedgerSettings"]] = models.Manager()

    def __str__(self) -> str:
        return f"settings of {self.user_id}"
