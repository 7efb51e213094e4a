"""Sessions: one row for each sign-in, by browser or by API."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import ExpressionWrapper, F, Q, Window
from django.db.models.functions import Least, Now, RowNumber
from django.utils import timezone

from accounts import devices
from accounts.models.audit import NOBODY, AuditEvent
from dashtam.bridge.database import unless_read_only
from dashtam.ids import uuid7
from notifications.models import Email
from notifications.models.suppression import stopped_for

SEEN_EVERY = timedelta(minutes=5)
SEEN_IN_ADMIN_EVERY = timedelta(minutes=1)
MOST_SESSIONS = 100  # of one person
OVER_AT = Least("expires_at", "idle_expires_at")
LATELY = timedelta(minutes=2)  # longer than any cache remembers a session, with room for clocks that differ


class SessionManager(models.Manager["Session"]):
    """Opens, refreshes and ends sessions."""

    def live(self) -> "models.QuerySet[Session]":
        """The sessions that are neither ended nor expired."""
        now = timezone.now()
        return self.filter(revoked_at=None, expires_at__gt=now, idle_expires_at__gt=now)

    def made(
        self, *, user_id: UUID, kind: str, user_agent: str, ip: str | None, mfa: bool = False
    ) -> "Session":
        """Build a session for a person who has just proved who they are, not yet saved."""
        now = timezone.now()
        return self.model(
            user_id=user_id,
            kind=kind,
            user_agent=user_agent[:300],
            ip=ip,
            mfa=mfa,
            expires_at=now + timedelta(days=settings.SESSION_ABSOLUTE_DAYS),
            idle_expires_at=now + timedelta(days=settings.REFRESH_IDLE_DAYS),
        )

    def refreshed(self, *, id: UUID, counter: int) -> "Session | None":
        """Use refresh token number `counter` and return its session; None if that token does not count.

        The parent of the current token counts, and leads to the same successor, for a short grace, and for longer
        while its successor has not been used: its client may have lost our answer. By the database's clock, on
        which a statement may run long after its request was given up.
        """
        advanced = self.rotate(id=id, counter=counter)
        in_grace = Q(rotated_at__gt=Now() - timedelta(seconds=settings.REFRESH_GRACE_SECONDS))
        unheard = Q(heard__lt=F("counter"))
        lately = Q(rotated_at__gt=Now() - timedelta(seconds=settings.REFRESH_LOST_SECONDS))
        parent_counts = ExpressionWrapper(in_grace | unheard & lately, output_field=models.BooleanField())
        people = self.live().select_related("user").filter(id=id, user__is_active=True)
        session = people.annotate(parent_counts=parent_counts).first()
        if session is None:
            return None
        if advanced:
            session.counter = counter + 1  # whatever another holder of the same successor has done meanwhile
            return session
        return session if counter == session.counter - 1 and session.parent_counts else None

    def rotate(self, *, id: UUID, counter: int) -> bool:
        """Advance the refresh token from `counter`. Of many callers at once exactly one gets True.

        No condition may reach into another table: Django would move the conditions into a subquery, which a
        caller that waited for the row does not evaluate again.
        """
        mine = self.live().filter(id=id, counter=counter)
        idle_expires_at = Now() + timedelta(days=settings.REFRESH_IDLE_DAYS)
        changed = {"rotated_at": Now(), "last_seen_at": Now(), "idle_expires_at": idle_expires_at}
        return mine.update(counter=F("counter") + 1, **changed) == 1

    def hear(self, *, id: UUID, counter: int) -> None:
        """Note that a client uses the access token that came with refresh token number `counter`."""
        self.filter(id=id, heard__lt=counter, counter__gte=counter).update(heard=counter)

    def seen(self, *, id: UUID) -> "Session | None":
        """Find the live session with its user, and note every few minutes that it is in use."""
        people = self.live().select_related("user").annotate(mail_stopped=stopped_for("user__email"))
        session = people.filter(id=id, user__is_active=True).first()
        now = timezone.now()
        if session is not None and session.last_seen_at < now - SEEN_EVERY:
            session.last_seen_at, changed = now, ["last_seen_at"]
            if session.kind == Session.Kind.BROWSER:  # an API session is kept alive by its refresh token
                session.idle_expires_at = now + timedelta(days=settings.REFRESH_IDLE_DAYS)
                changed.append("idle_expires_at")
            with unless_read_only():
                session.save(update_fields=changed)
        return session

    def in_admin(self, *, id: UUID) -> bool:
        """Return whether the session is inside the admin, and note every minute that it is in use there."""
        now = timezone.now()
        since = now - timedelta(seconds=settings.ADMIN_ABSOLUTE_SECONDS)
        idle_since = now - timedelta(seconds=settings.ADMIN_IDLE_SECONDS)
        inside = self.live().filter(id=id, mfa=True, admin_since__gt=since, admin_seen_at__gt=idle_since)
        seen_at = inside.values_list("admin_seen_at", flat=True).first()
        if seen_at is not None and seen_at < now - SEEN_IN_ADMIN_EVERY:
            with unless_read_only():
                inside.update(admin_seen_at=now)
        return seen_at is not None

    @transaction.atomic
    def enter_admin(self, *, id: UUID) -> bool:
        """Let a session into the admin. False unless its person has just proved who they are, by two factors."""
        now = timezone.now()
        fresh_since = now - timedelta(seconds=settings.REAUTH_SECONDS)
        staff = self.live().filter(id=id, user__is_staff=True, user__is_active=True)
        session = staff.filter(mfa=True, authenticated_at__gt=fresh_since).first()
        if session is None:
            return False
        session.admin_since = session.admin_seen_at = now
        session.save(update_fields=["admin_since", "admin_seen_at"])
        AuditEvent.objects.record("admin.entered", user_id=session.user_id, session_id=str(id))
        return True

    @transaction.atomic
    def end_reused(self, *, id: UUID, counter: int, ip: str | None) -> "list[Session]":
        """End a session whose refresh token number `counter` has a successor already, and warn its person.

        Two parties hold that token, and we cannot tell which of them is the thief (RFC 9700 §4.14.2).
        """
        used = self.live().select_for_update(of=("self",)).select_related("user")
        session = used.filter(id=id, counter__gt=counter, user__is_active=True).first()
        if session is None:
            return []
        now = timezone.now()
        context = {
            "when": now.isoformat(),
            "ip": ip or "unknown",
            "device": devices.describe(session.user_agent),
        }
        to = session.user.email
        Email.objects.queue(user_id=session.user_id, to=to, kind="refresh_token_reused", context=context)
        AuditEvent.objects.record(
            "refresh_token.reused",
            user_id=session.user_id,
            actor_id=NOBODY,
            ip=ip,
            session_id=str(session.id),
        )
        return self.end(id=id, reason="refresh_token_reused", actor_id=NOBODY)

    @transaction.atomic
    def prove_again(self, *, id: UUID, factor: str) -> "Session | None":
        """Note a fresh proof of identity, with a second `factor` if any. None once the session has ended.

        A browser's cookie gets a new number, so that one that was copied before opens nothing (ASVS 7.2.4).
        """
        session = self.live().select_for_update(of=("self",)).select_related("user").filter(id=id).first()
        if session is None or not session.user.is_active:
            return None
        session.authenticated_at, session.mfa = timezone.now(), session.mfa or bool(factor)
        if session.kind == Session.Kind.BROWSER:
            session.counter += 1
        session.save(update_fields=["authenticated_at", "mfa", "counter"])
        AuditEvent.objects.record(
            "session.reauthenticated", user_id=session.user_id, session_id=str(id), factor=factor
        )
        return session

    def make_stale(self, *, user_id: UUID) -> list[UUID]:
        """Age the proofs made without the second factor that the person now has; returns the ids of those sessions."""
        stale = timezone.now() - timedelta(seconds=settings.REAUTH_SECONDS + 1)
        without = self.live().filter(user_id=user_id, mfa=False, authenticated_at__gt=stale)
        ids = list(without.values_list("id", flat=True))
        self.filter(id__in=ids, mfa=False).update(authenticated_at=stale)
        return ids

    def renumber(self, *, id: UUID) -> None:
        """Give a browser's cookie a new number: the cookie itself may have been copied."""
        self.live().filter(id=id, kind=Session.Kind.BROWSER).update(counter=F("counter") + 1)

    def ended_lately(self) -> frozenset[UUID]:
        """The ids of sessions that ended so lately that a cache may still hold them."""
        return frozenset(self.filter(revoked_at__gt=timezone.now() - LATELY).values_list("id", flat=True))

    def surplus(self) -> list[UUID]:
        """The ids of live sessions beyond the MOST_SESSIONS latest seen of their person, 500 at most."""
        counted = self.filter(revoked_at=None).order_by().values("user_id").annotate(number=models.Count("*"))
        crowded = counted.filter(number__gt=MOST_SESSIONS).values("user_id")
        place = Window(RowNumber(), partition_by="user_id", order_by=F("last_seen_at").desc())
        ranked = self.live().filter(user_id__in=crowded).annotate(place=place).filter(place__gt=MOST_SESSIONS)
        return list(ranked.values_list("id", flat=True)[:500])

    @transaction.atomic
    def end(self, *which: Q, reason: str, actor_id: UUID | None = None, **where: Any) -> "list[Session]":
        """End the live sessions that match; returns them."""
        ending = list(self.live().select_for_update().filter(*which, **where).order_by("id"))
        ids = [session.id for session in ending]
        self.filter(id__in=ids).update(revoked_at=timezone.now(), revoke_reason=reason)
        for session in ending:
            AuditEvent.objects.record(
                "session.ended",
                user_id=session.user_id,
                actor_id=actor_id,
                session_id=str(session.id),
                reason=reason,
            )
        return ending


class Session(models.Model):
    """One sign-in of a person. The refresh token is derived from `id` and `counter`, never stored."""

    class Kind(models.TextChoices):
        BROWSER = "browser"
        API = "api"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="sessions")
    kind = models.CharField(max_length=8, choices=Kind)
    counter = models.PositiveBigIntegerField(
        default=0, help_text="The number of its current refresh token, or of its browser's cookie."
    )
    heard = models.PositiveBigIntegerField(
        default=0,
        db_default=0,
        help_text="The number of the newest refresh token whose access token was used: its client has both.",
    )
    user_agent = models.CharField(max_length=300, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now)
    authenticated_at = models.DateTimeField(
        default=timezone.now, help_text="When its person last proved who they are."
    )
    mfa = models.BooleanField(default=False, help_text="Whether a second factor was part of that proof.")
    admin_since = models.DateTimeField(null=True, help_text="When it last entered the admin.")
    admin_seen_at = models.DateTimeField(null=True, help_text="When it was last used there.")
    rotated_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    idle_expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoke_reason = models.CharField(max_length=32, blank=True)

    objects: ClassVar[SessionManager] = SessionManager()

    class Meta:
        ordering = ("-last_seen_at",)
        indexes = (
            models.Index(
                fields=("user", "-last_seen_at"), condition=Q(revoked_at=None), name="session_live_by_user"
            ),
            models.Index(fields=("revoked_at",), condition=Q(revoked_at__isnull=False), name="session_ended"),
            models.Index(OVER_AT, condition=Q(revoked_at=None), name="session_over"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="session_expires_after_creation"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} session of {self.user_id}"

    @property
    def cache_name(self) -> str:
        """The cache key of its principal."""
        return cache_name(self.id)


def cache_name(session_id: UUID) -> str:
    """The cache key of the principal of a session."""
    return f"session:{session_id}"
