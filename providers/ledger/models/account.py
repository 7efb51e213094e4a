"""Accounts at institutions, and their balances over time."""

from typing import ClassVar, TypedDict, cast
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import AuditEvent
from dashtam.bridge.rows import Rows
from dashtam.errors import Conflict, NotFound
from dashtam.ids import uuid7
from providers.connections.models import AuthorizationRequest, Connection, DeletedAccount
from providers.errors import ConnectionNotEnded
from providers.ledger.models.numbers import UNIT, ExactField

_LOCKED = Rows(
    "SELECT {account} FROM providers_financialaccount AS account WHERE id = %(id)s FOR NO KEY UPDATE",
    account="providers.FinancialAccount",
)


class Lacks(models.TextChoices):
    """The part of an account that its balance does not count, because the institution does not state it."""

    CASH = "cash"
    HOLDINGS = "holdings", "Some holdings"
    BOTH = "cash_and_holdings", "Cash and some holdings"


class AccountChanges(TypedDict, total=False):
    """A person's changes of an account. A name of None brings the institution's own back."""

    name: str | None
    hidden: bool
    in_net_worth: bool
    closed: bool


class AccountClosedByInstitution(Conflict):
    """The institution lists the account no more, so its person cannot open it."""

    code = "closed_by_institution"
    title = "The institution has closed this account."
    detail = "It is open again by itself as soon as the institution lists it again."


class FinancialAccountManager(models.Manager["FinancialAccount"]):
    """Accounts by their owner, and the changes that their owner makes."""

    @transaction.atomic
    def change(self, *, user_id: UUID, id: UUID, changes: "AccountChanges") -> "FinancialAccount":
        """Change what its person may. Raises NotFound, and AccountClosedByInstitution for opening it."""
        account = self.select_for_update(no_key=True).filter(user_id=user_id, id=id).first()
        if account is None:
            raise NotFound
        if "name" in changes:
            account.rename(changes["name"])
        if "closed" in changes:
            account.close(closed=changes["closed"])
        account.hidden = changes.get("hidden", account.hidden)
        account.in_net_worth = changes.get("in_net_worth", account.in_net_worth)
        account.balances_version += 1
        account.save(update_fields=FinancialAccount.OWN_FIELDS)
        if changes:
            AuditEvent.objects.record(
                "account.changed", user_id=user_id, account_id=str(id), changed=" ".join(sorted(changes))
            )
        return account

    @transaction.atomic
    def delete_whole(self, *, user_id: UUID, id: UUID) -> None:
        """Delete an account with all its rows, in one transaction. Raises NotFound.

        A sync does not bring it back; a connection of files goes with its last account.
        """
        place = Connection.objects.filter(user_id=user_id, accounts=id).values_list("id", flat=True).first()
        if place is None:
            raise NotFound
        connection = Connection.objects.select_for_update().get(id=place)
        account = connection.accounts.select_for_update().filter(id=id).first()
        if account is None:
            raise NotFound
        if not connection.fed_by_files:
            DeletedAccount.objects.keep_away(connection, account.provider_account_id)
        account.delete()
        if connection.fed_by_files and not connection.accounts.exists():
            connection.delete()
        AuditEvent.objects.record("account.deleted", user_id=user_id, account_id=str(id))

    @transaction.atomic
    def erase_connection(self, *, user_id: UUID, connection_id: UUID) -> None:
        """Delete an ended connection, or one of files, with all it brought. Raises NotFound, ConnectionNotEnded."""
        mine = Connection.objects.select_for_update().filter(user_id=user_id, id=connection_id)
        connection = mine.first()
        if connection is None:
            raise NotFound
        if not connection.erasable:
            raise ConnectionNotEnded
        for account in connection.accounts.select_for_update().order_by("id"):
            account.delete()  # one at a time: each statement stays below the time limit
        AuthorizationRequest.objects.filter(connection_id=connection_id).delete()
        connection.delete()
        connection.id = connection_id
        connection.record("connection.erased")

    def locked(self, id: UUID) -> "FinancialAccount":
        """The account, its row locked until the caller's transaction has ended."""
        for (account,) in _LOCKED.read({"id": id}):
            return cast("FinancialAccount", account)
        raise FinancialAccount.DoesNotExist

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

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="financial_accounts", db_index=False
    )
    connection = models.ForeignKey(
        "providers.Connection", on_delete=models.CASCADE, related_name="accounts", db_index=False
    )
    provider_account_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200, help_text="As it is shown.")
    institution_name = models.CharField(  # noqa: DJ001 null and an empty name differ
        max_length=200,
        null=True,
        help_text="The institution's own name, where its person has chosen another.",
    )
    institution = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="The institution behind an aggregator.",
    )
    hidden = models.BooleanField(
        default=False, db_default=False, help_text="Left out of lists; it still counts."
    )
    in_net_worth = models.BooleanField(default=True, db_default=True)
    mask = models.CharField(max_length=8, blank=True, help_text="The last characters of the number.")
    type = models.CharField(max_length=12, choices=Type)
    subtype = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=UNIT)
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
    covered_to = models.DateField(
        null=True, blank=True, help_text="The last day up to which the institution has stated all rows."
    )
    closed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Since when the institution lists it no more, or its person closed it.",
    )
    observed_at = models.DateTimeField(
        null=True, editable=False, help_text="Since when its transactions come from observations."
    )
    closed_by_person = models.BooleanField(default=False, db_default=False)
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

    OWN_FIELDS: ClassVar[tuple[str, ...]] = (
        *("name", "institution_name", "hidden", "in_net_worth", "closed_at", "closed_by_person"),
        "balances_version",
    )

    def rename(self, name: str | None) -> None:
        """Show the person's own name in memory; with None, the institution's again."""
        theirs = self.name if self.institution_name is None else self.institution_name
        self.name, self.institution_name = (theirs, None) if name is None else (name, theirs)

    def named_by_institution(self, name: str) -> None:
        """Take the institution's name in memory, beside the person's own if there is one."""
        if self.institution_name is None:
            self.name = name
        else:
            self.institution_name = name

    def close(self, *, closed: bool) -> None:
        """Close in memory from today on, or open again. Raises AccountClosedByInstitution."""
        if closed and self.closed_at is None:
            self.closed_at, self.closed_by_person = timezone.now(), True
        elif not closed and self.closed_at is not None:
            if not self.closed_by_person:
                raise AccountClosedByInstitution
            self.closed_at, self.closed_by_person = None, False


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
