"""The mail we sent or are about to send. Bodies are made when sending and never stored."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from dashtam.ids import uuid7


class Email(models.Model):
    """One message to one person."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="emails")
    to = models.EmailField(max_length=254)
    kind = models.CharField(max_length=40, help_text="The template's name.")
    context = models.JSONField(default=dict, help_text="What the template needs. Never a secret.")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    provider_message_id = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Email"]] = models.Manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("state", "created_at"), name="email_by_state"),)

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"
