"""A person's link to one institution (Plaid calls it an Item)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.models.audit import NOBODY
from dashtam.errors import NotFound
from dashtam.ids import uuid7
from notifications.models import Email
from providers import connectors
from providers.connections.models.revocation import PendingRevocation
from providers.connections.models.token import ProviderToken
from providers.connectors.contract.facts import UNKNOWN_LIFE, warning
from providers.connectors.contract.news import News

WARNED_AT_ONCE = 500


class ConnectionQuerySet(models.QuerySet["Connection"]):
    """Connections that are due, and the changes that touch more than one row."""

    def due(self, now: datetime) -> "ConnectionQuerySet":
        """Connections whose next sync is due, and whose person has not asked for deletion."""
        staying = self.filter(user__is_active=True, user__deletion_due_at=None)
        return staying.filter(state__in=Connection.SYNCABLE, next_sync_at__lte=now)

    @transaction.atomic
    def end_consent(
        self, *, id: UUID, state: "Connection.State", reason: str, token_version: int | None = None
    ) -> "Connection | None":
        """Stop a living connection until its person acts, and mail them; of concurrent callers, one succeeds.

        With `token_version`, only if those still are its tokens: a new consent may have come meanwhile.
        """
        living = self.select_for_update(of=("self",)).filter(id=id, state__in=Connection.SYNCABLE)
        if token_version is not None:
            living = living.filter(token__version=token_version)
        connection = living.select_related("user").first()
        if connection is None:
            return None
        connection.move_to(state, reason)
        connection.next_sync_at = None
        connection.save(update_fields=[*Connection.STATE_FIELDS, "next_sync_at"])
        connection.ask_person(reason)
        connection.record("connection.stopped", actor_id=NOBODY, reason=reason)
        return connection

    @transaction.atomic
    def disconnect(
        self, *, user_id: UUID, id: UUID, hand_over: Callable[[str, ProviderToken], PendingRevocation | None]
    ) -> "Connection":
        """Erase the tokens and stop, keeping the data; a connection that never came to be is deleted.

        `hand_over` says what is left to be ended at the institution. Raises NotFound.
        """
        connection = self.select_for_update().filter(id=id, user_id=user_id).first()
        if connection is None:
            raise NotFound
        token = ProviderToken.objects.filter(connection_id=id).first()
        if token is not None:
            revocation = hand_over(connection.provider, token)
            token.delete()
            if revocation is not None:
                PendingRevocation.objects.queue(revocation)
        ended_before = connection.state == Connection.State.DISCONNECTED
        if connection.state == Connection.State.PENDING:
            self.filter(id=id).delete()
        elif not ended_before:
            connection.move_to(Connection.State.DISCONNECTED, "disconnected_by_user")
            connection.next_sync_at = connection.consent_expires_at = None
            connection.save(update_fields=[*Connection.STATE_FIELDS, "next_sync_at", "consent_expires_at"])
        if not ended_before:
            connection.record("connection.disconnected")
        return connection

    @transaction.atomic
    def take_news(self, provider: str, news: News) -> "list[Connection]":
        """Write down what an institution says of a consent by itself. Returns the connections to be read again."""
        states = [*Connection.SYNCABLE, *([Connection.State.REAUTH_REQUIRED] if news.repaired else ())]
        found = self.select_for_update(of=("self",)).filter(
            provider=provider, provider_subject=news.subject, state__in=states
        )
        connections = list(found.select_related("user"))
        for connection in connections:
            connection.hear(news)
        return connections

    @transaction.atomic
    def note_expiring(self, now: datetime) -> int:
        """Mark the connections whose consent ends soon, measured by its life, and tell each person once by mail.

        Returns how many are newly marked.
        """
        near = self.filter(
            state__in=Connection.SYNCABLE, consent_expires_at__lte=now + Connection.EARLIEST_WARNING
        )
        untold = near.filter(Q(warned_of=None) | ~Q(warned_of=F("consent_expires_at")))
        known = untold.only("provider", "consent_given_at", "consent_expires_at").order_by(
            "consent_expires_at"
        )
        ids = [connection.id for connection in known if connection.ends_soon(now)][:WARNED_AT_ONCE]
        locked = untold.select_for_update(of=("self",), skip_locked=True, no_key=True)
        soon = list(locked.filter(id__in=ids).select_related("user"))
        for connection in soon:
            connection.ask_person("consent_expiring")
            connection.warned_of = connection.consent_expires_at
            if connection.state == Connection.State.ACTIVE:
                connection.move_to(Connection.State.EXPIRING, "consent_expiring")
            connection.save(update_fields=["warned_of", *Connection.STATE_FIELDS])
        return len(soon)


class Connection(models.Model):
    """A consent at an institution, with its state."""

    class State(models.TextChoices):
        PENDING = "pending"
        ACTIVE = "active"
        EXPIRING = "expiring"
        DEGRADED = "degraded"
        REAUTH_REQUIRED = "reauth_required"
        REVOKED = "revoked"
        DISCONNECTED = "disconnected"

    SYNCABLE = (State.ACTIVE, State.EXPIRING, State.DEGRADED)
    EARLIEST_WARNING = timedelta(days=14)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connections", db_index=False
    )
    provider = models.SlugField(max_length=40, db_index=False)
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    state_reason = models.CharField(max_length=40, blank=True)
    state_since = models.DateTimeField(default=timezone.now)
    provider_subject = models.CharField(
        max_length=200, blank=True, help_text="Who the institution says this is: finds a consent given twice."
    )
    # The one behind an aggregator's consent.
    institution = models.CharField(max_length=200, blank=True, default="", db_default="")
    consent_given_at = models.DateTimeField(null=True, blank=True)
    consent_expires_at = models.DateTimeField(null=True, blank=True)
    warned_of = models.DateTimeField(
        null=True, blank=True, help_text="The end of the consent that its person was told of."
    )
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    next_sync_at = models.DateTimeField(null=True, blank=True)
    cursor = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="Where the next pull goes on, if all accounts share a cursor.",
    )
    accounts_offered_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the institution told of accounts that its person has not shared yet.",
    )
    failures = models.PositiveIntegerField(default=0, help_text="Failed runs in a row.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("user", "-created_at"), name="connection_by_user"),
            models.Index(
                fields=("provider", "next_sync_at"),
                name="connection_due_of_provider",
                condition=Q(next_sync_at__isnull=False),
            ),
            models.Index(
                fields=("consent_expires_at",),
                name="connection_consent_ends",
                condition=Q(state__in=("active", "expiring", "degraded"), consent_expires_at__isnull=False),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                "user",
                "provider",
                "provider_subject",
                name="connection_once_per_subject",
                condition=~Q(provider_subject="") & ~Q(state="disconnected"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider} connection {self.id}"

    @property
    def called(self) -> str:
        """The name of the institution where the consent is for one, else of the provider."""
        return self.institution or connectors.name_of(self.provider)

    @property
    def fed_by_files(self) -> bool:
        """True if its data comes from its person, as files or by hand, so that there is no consent and no sync."""
        connector = connectors.CONNECTORS.get(self.provider)
        return connector is not None and connector.by_person

    @property
    def erasable(self) -> bool:
        """True if nothing is read for it any more, so that what it brought can be deleted."""
        return self.fed_by_files or self.state == self.State.DISCONNECTED

    def healthy_state(self, now: datetime) -> tuple["Connection.State", str]:
        """State and reason of a working connection: active, or expiring when the consent's end is near."""
        if self.ends_soon(now):
            return self.State.EXPIRING, "consent_expiring"
        return self.State.ACTIVE, ""

    def ends_soon(self, now: datetime) -> bool:
        """True once its person was told, and from a tenth of the consent's life before its end.

        That is at least a day and at most two weeks.
        """
        end, given = self.consent_expires_at, self.consent_given_at
        if end is None:
            return False
        if end == self.warned_of:
            return True
        life = end - given if given else connectors.consent_life(self.provider) or UNKNOWN_LIFE
        return end <= now + warning(life)

    @classmethod
    def ended_by(cls, reason: str) -> State:
        """The state of a connection whose consent has ended for this reason."""
        return cls.State.REVOKED if reason == "revoked_by_user" else cls.State.REAUTH_REQUIRED

    def move_to(self, state: State, reason: str = "") -> None:
        """Change state in memory; `state_since` moves only when something changed. The caller saves."""
        if (self.state, self.state_reason) != (state, reason):
            self.state, self.state_reason, self.state_since = state, reason, timezone.now()

    def ask_person(self, reason: str) -> None:
        """Queue the mail that asks its person to look at it."""
        context = {"connection_id": str(self.id), "provider_name": self.called, "reason": reason}
        Email.objects.queue(
            user_id=self.user_id, to=self.user.email, kind="connection_needs_attention", context=context
        )

    def hear(self, news: News) -> None:
        """Take news, and save. Its person is mailed once about an end that the institution has announced."""
        now = timezone.now()
        if news.ends_at is not None:
            self.consent_expires_at = news.ends_at
            if self.warned_of != news.ends_at:
                self.ask_person("consent_expiring")
                self.warned_of = news.ends_at
        if news.repaired:
            if self.consent_expires_at is not None and self.ends_soon(now):
                self.consent_expires_at = None  # it was that of the consent before
            self.next_sync_at = now
        if news.more_accounts:
            self.accounts_offered_at = now
        if self.state == self.State.ACTIVE or news.repaired:
            self.move_to(*self.healthy_state(now))
        self.save()  # its row is locked

    def record(self, action: str, *, actor_id: UUID | None = None, **detail: str) -> None:
        """Write an event of this connection to the audit log; call it last in the transaction."""
        detail |= {"connection_id": str(self.id), "provider": self.provider}
        AuditEvent.objects.record(action, user_id=self.user_id, actor_id=actor_id, **detail)

    STATE_FIELDS: ClassVar[tuple[str, ...]] = ("state", "state_reason", "state_since")
