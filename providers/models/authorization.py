"""An authorization request under way (RFC 6749 §4.1.1): from our start page to the callback."""

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone

from dashtam.ids import uuid7


class AuthorizationRequestManager(models.Manager["AuthorizationRequest"]):
    """Each step can be taken once."""

    def start(self, *, id: UUID, user_id: UUID, state_hash: bytes, browser_hash: bytes, code_verifier: bytes) -> bool:
        """Bind the request to the browser that is about to leave for the institution."""
        now = timezone.now()
        fresh = self.filter(id=id, user_id=user_id, started_at=None, consumed_at=None, expires_at__gt=now)
        return 1 == fresh.update(
            state_hash=state_hash,
            browser_hash=browser_hash,
            code_verifier=code_verifier,
            started_at=now,
            expires_at=now + AuthorizationRequest.STATE_LIFETIME,
        )

    def consume(self, *, id: UUID) -> bool:
        """Use the request up. Of many callbacks at once exactly one gets True."""
        return self.filter(id=id, consumed_at=None).update(consumed_at=timezone.now()) == 1


class AuthorizationRequest(models.Model):
    """Who asked to connect what, bound to one browser. The state is stored hashed, the verifier encrypted."""

    LINK_LIFETIME = timedelta(minutes=5)
    STATE_LIFETIME = timedelta(minutes=10)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey("providers.Connection", on_delete=models.CASCADE, related_name="authorizations")
    provider = models.SlugField(max_length=40)
    redirect_uri = models.URLField(max_length=500)
    state_hash = models.BinaryField(null=True)
    browser_hash = models.BinaryField(null=True)
    code_verifier = models.BinaryField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    consumed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=40, blank=True)

    objects: ClassVar[AuthorizationRequestManager] = AuthorizationRequestManager()

    class Meta:
        ordering = ("-created_at",)
        constraints = (models.UniqueConstraint("state_hash", name="authorization_state_unique"),)

    def __str__(self) -> str:
        return f"authorization request {self.id}"
