"""An authorization request under way (RFC 6749 §4.1.1): from our start page to the callback."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from dashtam.crypto.sealed_fields import SealedField
from dashtam.errors import NotFound
from dashtam.ids import uuid7
from dashtam.jobs.background import defer
from providers.connections.errors import (
    AuthorizationUsed,
    DifferentCustomer,
    EmailUnverified,
    TooManyConnections,
)
from providers.connections.models.connection import Connection
from providers.connections.models.revocation import PendingRevocation
from providers.connections.models.token import ProviderToken

State = Connection.State
MOST_CONNECTIONS = 200  # of one person, those that have ended included


class AuthorizationRequestManager(models.Manager["AuthorizationRequest"]):
    """The steps of an authorization request, each of which can be taken once."""

    @transaction.atomic
    def begin(
        self, *, user_id: UUID, provider: str, redirect_uri: str, connection_id: UUID | None = None
    ) -> "AuthorizationRequest":
        """A request for a new connection, or to renew one. Raises EmailUnverified, NotFound, TooManyConnections."""
        people = get_user_model().objects.filter(id=user_id, is_active=True, email_verified_at__isnull=False)
        if people.select_for_update(no_key=True).first() is None:
            raise EmailUnverified
        now, theirs = timezone.now(), Connection.objects.filter(user_id=user_id)
        theirs.filter(state=State.PENDING).exclude(authorizations__expires_at__gt=now).delete()
        connection: Connection | None = None
        if connection_id is None:
            if theirs.count() >= MOST_CONNECTIONS:
                raise TooManyConnections
            connection = Connection.objects.create(user_id=user_id, provider=provider)
        elif (connection := theirs.filter(id=connection_id, provider=provider).first()) is None:
            raise NotFound
        request = self.create(
            user_id=user_id,
            connection=connection,
            provider=provider,
            redirect_uri=redirect_uri,
            expires_at=now + AuthorizationRequest.LINK_LIFETIME,
        )
        action = "connection.renewal_started" if connection_id else "connection.started"
        connection.record(action)
        return request

    def take_turn(self, *, id: UUID) -> bool:
        """Take the right to carry out the next step; of many at once exactly one gets True, until `end_turn`."""
        free = Q(busy_until=None) | Q(busy_until__lt=Now())
        living = self.filter(free, id=id, consumed_at=None, expires_at__gt=timezone.now())
        return living.update(busy_until=Now() + AuthorizationRequest.TURN) == 1

    def end_turn(self, *, id: UUID) -> None:
        """Give that right back."""
        self.filter(id=id).update(busy_until=None)

    def keep(self, *, id: UUID, more_time: bool = True, **columns: bytes | None) -> None:
        """Keep what the next step needs; `more_time` for the person to take it."""
        changes: dict[str, Any] = dict(columns)
        if more_time:
            changes["expires_at"] = timezone.now() + AuthorizationRequest.STATE_LIFETIME
        self.filter(id=id, consumed_at=None).update(**changes)

    @transaction.atomic
    def start(
        self,
        *,
        id: UUID,
        user_id: UUID,
        browser_hash: bytes,
        poll: int | None = None,
        **kept: bytes | None,
    ) -> bool:
        """Bind the request to the browser that is about to leave for the institution; begin to poll, if told to."""
        now = timezone.now()
        lifetime = AuthorizationRequest.POLL_LIFETIME if poll else AuthorizationRequest.STATE_LIFETIME
        fresh = self.filter(id=id, user_id=user_id, started_at=None, consumed_at=None, expires_at__gt=now)
        changes = {**kept, "browser_hash": browser_hash, "started_at": now, "expires_at": now + lifetime}
        started = fresh.update(**changes) == 1
        if started and poll:
            self.look_again(id=id, poll=poll)
        return started

    def look_again(self, *, id: UUID, poll: int) -> None:
        """Queue the next look at the institution."""
        defer("providers.tasks.look_again", seconds=poll, request_id=str(id))

    def with_connection(self, id: UUID) -> "AuthorizationRequest | None":
        """One request with its connection."""
        return self.select_related("connection").filter(id=id).first()

    def under_way(self, connection_id: UUID) -> "AuthorizationRequest | None":
        """The latest request of a connection that has not come to its end."""
        return self._living().filter(connection_id=connection_id).order_by("-created_at").first()

    def awaited(self, id: UUID) -> "AuthorizationRequest | None":
        """A request whose browser has left, and that has not come to its end."""
        return self._living().filter(id=id, started_at__isnull=False).first()

    def _living(self) -> "models.QuerySet[AuthorizationRequest]":
        return self.select_related("connection").filter(consumed_at=None, expires_at__gt=timezone.now())

    def long_over(self) -> "models.QuerySet[AuthorizationRequest]":
        """Requests that expired longer than KEPT ago."""
        return self.filter(expires_at__lt=timezone.now() - AuthorizationRequest.KEPT)

    def consume(self, *, id: UUID) -> bool:
        """Use the request up. Of many callbacks at once exactly one gets True."""
        now = timezone.now()
        return self.filter(id=id, consumed_at=None, expires_at__gt=now).update(consumed_at=now) == 1

    @transaction.atomic
    def fail(self, *, id: UUID, outcome: str) -> None:
        """Record the outcome. A pending connection is deleted; one that was being renewed stays as it was."""
        self.filter(id=id).update(outcome=outcome, **AuthorizationRequest.EMPTY)
        connection = Connection.objects.filter(authorizations__id=id).first()
        Connection.objects.filter(authorizations__id=id, state=State.PENDING).delete()
        if connection is not None:
            connection.record("connection.refused", outcome=outcome)

    @transaction.atomic
    def join(self, *, id: UUID, connection_id: UUID) -> None:
        """Let a request for a new connection renew this one instead, whose login it has turned out to be."""
        new = list(
            Connection.objects.filter(authorizations__id=id, state=State.PENDING).values_list("id", flat=True)
        )
        self.filter(id=id).update(connection_id=connection_id)
        Connection.objects.filter(id__in=new).delete()
        Connection.objects.filter(id=connection_id).update(provider_subject="")

    @transaction.atomic
    def fulfil(
        self,
        *,
        id: UUID,
        subject: str,
        consent_expires_at: datetime | None,
        seal: Callable[[UUID], dict[str, Any]],
        hand_over: Callable[[str, ProviderToken], PendingRevocation | None],
    ) -> Connection:
        """Give the new consent to its connection: the person's earlier one of the same customer, if any.

        `seal` gives the columns of ProviderToken for a connection, `hand_over` what is left to revoke of the consent
        that this one replaces. Raises DifferentCustomer, AuthorizationUsed.
        """
        request = self.get(id=id)
        get_user_model().objects.select_for_update(no_key=True).get(id=request.user_id)  # one at a time
        connection = self._target(request, subject)
        now = timezone.now()
        connection.provider_subject = subject
        connection.consent_given_at, connection.consent_expires_at = now, consent_expires_at
        connection.failures, connection.next_sync_at, connection.accounts_offered_at = 0, now, None
        connection.move_to(*connection.healthy_state(now))
        connection.save()
        replaced = ProviderToken.objects.filter(connection_id=connection.id).first()
        revocation = None if replaced is None else hand_over(connection.provider, replaced)
        if revocation is not None:
            PendingRevocation.objects.queue(revocation)
        ProviderToken.objects.replace(connection_id=connection.id, sealed=seal(connection.id))
        # Where the consent went to an earlier connection, the new one is not needed.
        Connection.objects.filter(authorizations__id=id, state=State.PENDING).delete()
        self.filter(id=id).update(connection=connection, outcome="connected", **AuthorizationRequest.EMPTY)
        connection.record("connection.linked")
        return connection

    def _target(self, request: "AuthorizationRequest", subject: str) -> Connection:
        theirs = Connection.objects.select_for_update(of=("self",)).filter(user_id=request.user_id)
        asked = theirs.filter(authorizations__id=request.id).first()
        if asked is None:
            raise AuthorizationUsed
        if asked.provider_subject not in ("", subject):
            raise DifferentCustomer
        if not subject:
            return asked
        same = theirs.filter(provider=request.provider, provider_subject=subject).exclude(id=asked.id)
        living = same.exclude(state=State.DISCONNECTED).first()
        if living is not None:
            return living
        return (same.first() or asked) if asked.state == State.PENDING else asked


class AuthorizationRequest(models.Model):
    """A person's request to link a provider, step by step, bound to one browser for the step that leaves it.

    `state` is stored hashed; code_verifier, and all else that a step needs from the one before, sealed.
    """

    TURN = timedelta(seconds=90)
    POLL_LIFETIME = timedelta(minutes=30)
    EMPTY: ClassVar[dict[str, None]] = {"code_verifier": None, "kept": None}
    KEPT = timedelta(days=30)
    LINK_LIFETIME = timedelta(minutes=5)
    STATE_LIFETIME = timedelta(minutes=10)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(
        "providers.Connection", null=True, on_delete=models.SET_NULL, related_name="authorizations"
    )
    provider = models.SlugField(max_length=40, db_index=False)
    redirect_uri = models.URLField(max_length=500)
    state_hash = models.BinaryField(null=True)
    browser_hash = models.BinaryField(null=True)
    code_verifier = SealedField(null=True)
    kept = SealedField(null=True)
    busy_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    consumed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=40, blank=True)

    objects: ClassVar[AuthorizationRequestManager] = AuthorizationRequestManager()

    class Meta:
        ordering = ("-created_at",)
        constraints = (models.UniqueConstraint("state_hash", name="authorization_state_unique"),)
        indexes = (models.Index(fields=("expires_at",), name="authorization_age"),)

    def __str__(self) -> str:
        return f"authorization request {self.id}"

    @property
    def is_new(self) -> bool:
        """True while its browser has not left, and there is time."""
        return self.started_at is None and self.expires_at > timezone.now() and self.connection is not None

    @property
    def is_awaited(self) -> bool:
        """True while we poll for its browser, and when something has come of it."""
        waiting = self.kept is not None and self.consumed_at is None and self.expires_at > timezone.now()
        return waiting or bool(self.outcome)

    @property
    def is_connected(self) -> bool:
        """True when a connection has come of it that is still there."""
        return self.outcome == "connected" and self.connection is not None
