"""API keys: credentials of a person's own programs, without a password and limited to scopes."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.errors import TooManyApiKeys
from accounts.models.audit import AuditEvent
from accounts.models.session import LATELY
from dashtam.bridge.database import unless_read_only
from dashtam.ids import uuid7
from notifications.models import Email

USED_EVERY = timedelta(hours=1)
REMIND_BEFORE = timedelta(days=7)
MOST_KEYS = 50
_MAY = {
    "read": "read your accounts and transactions",
    "sync": "bring your connections up to date",
    "manage": "make changes such as connecting, importing and deleting",
}


class ApiKeyManager(models.Manager["ApiKey"]):
    """Makes, finds and ends keys. The keys themselves are never stored, only their hashes."""

    def live(self) -> "models.QuerySet[ApiKey]":
        """The keys that are neither ended nor expired."""
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())

    @transaction.atomic
    def make(
        self, *, user_id: UUID, name: str, scopes: list[str], days: int, key_hash: bytes, hint: str
    ) -> "ApiKey":
        """Store a new key and mail its person, who must learn of it. Raises TooManyApiKeys."""
        user = get_user_model().objects.select_for_update(no_key=True).get(id=user_id)
        if self.live().filter(user_id=user_id).count() >= MOST_KEYS:
            raise TooManyApiKeys
        now = timezone.now()
        expires_at = now + timedelta(days=days)
        key = self.create(
            user_id=user_id, name=name, scopes=scopes, key_hash=key_hash, hint=hint, expires_at=expires_at
        )
        context = {
            "when": now.isoformat(),
            "key_name": name,
            "may": ", ".join(scopes),
            "expires": f"{expires_at:%-d %B %Y}",
        }
        Email.objects.queue(user_id=user_id, to=user.email, kind="api_key_created", context=context)
        AuditEvent.objects.record(
            "api_key.created", user_id=user_id, api_key_id=str(key.id), scopes=" ".join(scopes)
        )
        return key

    def seen(self, *, key_hash: bytes, network: str) -> "ApiKey | None":
        """Find the live key with its person, and note once an hour, or from a new network, that it is in use."""
        key = self.live().select_related("user").filter(key_hash=key_hash, user__is_active=True).first()
        now = timezone.now()
        if key is None:
            return None
        if key.last_used_at is None or key.last_used_at < now - USED_EVERY or key.last_used_from != network:
            with unless_read_only():
                self.filter(id=key.id).update(last_used_at=now, last_used_from=network)
        return key

    @transaction.atomic
    def end(self, *which: Q, reason: str, actor_id: UUID | None = None, **where: Any) -> "list[ApiKey]":
        """End the live keys that match; returns them."""
        ending = list(self.live().select_for_update().filter(*which, **where))
        self.filter(id__in=[key.id for key in ending]).update(revoked_at=timezone.now(), revoke_reason=reason)
        for key in ending:
            AuditEvent.objects.record(
                "api_key.ended", user_id=key.user_id, actor_id=actor_id, api_key_id=str(key.id), reason=reason
            )
        return ending

    def ended_lately(self) -> frozenset[UUID]:
        """The ids of keys that ended so lately that a cache may still hold them."""
        since = timezone.now() - LATELY
        return frozenset(self.filter(revoked_at__gt=since).values_list("id", flat=True))

    @transaction.atomic
    def remind(self) -> int:
        """Mail the owners of keys that expire within a week, once; not for keys made to live no longer than that.

        Returns how many mails were queued, 500 at most.
        """
        now = timezone.now()
        soon = self.live().filter(reminded_at=None, expires_at__lt=now + REMIND_BEFORE)
        soon = soon.filter(expires_at__gt=F("created_at") + REMIND_BEFORE, user__is_active=True)
        keys = list(soon.select_related("user").select_for_update(of=("self",), skip_locked=True)[:500])
        for key in keys:
            context = {"when": key.expires_at.isoformat(), "key_name": key.name}
            Email.objects.queue(
                user_id=key.user_id, to=key.user.email, kind="api_key_expiring", context=context
            )
        self.filter(id__in=[key.id for key in keys]).update(reminded_at=now)
        return len(keys)


class ApiKey(models.Model):
    """One API key. A program that has it may do what its scopes say, until it expires or is ended."""

    class Scope(models.TextChoices):
        READ = "read", "Read accounts, balances, holdings and transactions"
        SYNC = "sync", "Bring connections up to date"
        MANAGE = "manage", "Change things: connect and disconnect, import files"

        @classmethod
        def in_words(cls, scopes: Collection[str]) -> str:
            """The words after “may” for these scopes."""
            words = [_MAY[scope] for scope in cls.values if scope in scopes]
            return ", and ".join(filter(None, (", ".join(words[:-1]), words[-1])))

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys", db_index=False
    )
    name = models.CharField(max_length=60)
    scopes = ArrayField(models.CharField(max_length=8, choices=Scope))
    key_hash = models.BinaryField(unique=True, help_text="A keyed hash; the key cannot be had from it.")
    hint = models.CharField(max_length=4, help_text="How the key ends, to tell one from another.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the hour.")
    last_used_from = models.CharField(max_length=45, blank=True, help_text="The network, not the address.")
    reminded_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoke_reason = models.CharField(max_length=32, blank=True)

    objects: ClassVar[ApiKeyManager] = ApiKeyManager()

    class Meta:
        verbose_name = "API key"
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("user", "-created_at"), name="api_key_by_user"),
            models.Index(fields=("expires_at",), condition=Q(revoked_at=None), name="api_key_expiring"),
            models.Index(fields=("revoked_at",), condition=Q(revoked_at__isnull=False), name="api_key_ended"),
        )
        constraints = (models.CheckConstraint(condition=~Q(scopes=[]), name="api_key_may_something"),)

    def __str__(self) -> str:
        return f"API key {self.id}"

    @property
    def cache_name(self) -> str:
        """The cache key of its principal."""
        return f"key:{bytes(self.key_hash).hex()}"
