"""Decisions, questions and edits: what people, and the engine for them, have settled about events."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from dashtam.ids import uuid7


class Question(models.Model):
    """A question that only the person can answer: two sides, and why we ask."""

    class Kind(models.TextChoices):
        EVENT = "same_event"
        ACCOUNT = "same_account"
        SUDDEN = "sudden_change"
        VANISHED = "vanished_rows"
        LATE = "late_rows"
        HOLDINGS = "holdings_gone"
        CLOSED = "account_gone"

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(
        "providers.FinancialAccount", on_delete=models.CASCADE, related_name="questions"
    )
    kind = models.CharField(max_length=13, choices=Kind)
    left = models.UUIDField(help_text="The event or account that we had.")
    right = models.UUIDField(
        help_text="The one that may be the same, or the source of a sudden change; else as left."
    )
    why = models.CharField(max_length=200)
    evidence = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    answered_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["Question"]] = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint("kind", "left", "right", name="question_once"),)

    def __str__(self) -> str:
        return f"question {self.id}"


class Decision(models.Model):
    """A decision about identities, with its reason and what it takes to undo it."""

    class Kind(models.TextChoices):
        MERGED = "events_merged"
        PARTED = "events_parted"
        ACCOUNTS = "accounts_merged"
        RENEWED = "account_renewed"
        APPLIED = "change_applied"
        GRADE = "grade_fallen"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(
        "providers.FinancialAccount", on_delete=models.CASCADE, related_name="decisions"
    )
    kind = models.CharField(max_length=15, choices=Kind)
    reason = models.CharField(max_length=200)
    detail = models.JSONField(default=dict, help_text="What it takes to undo it.")
    question = models.ForeignKey(Question, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    undone_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["Decision"]] = models.Manager()

    def __str__(self) -> str:
        return f"decision {self.id}"


class Edit(models.Model):
    """A person's edit of an event: it lies over the feed's word, and an empty one counts too."""

    class Field(models.TextChoices):
        NOTE = "note"
        CATEGORY = "category"
        DESCRIPTION = "description"
        HIDDEN = "hidden"
        DELETED = "deleted"

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey("providers.FinancialAccount", on_delete=models.CASCADE, related_name="edits")
    event = models.UUIDField()
    field = models.CharField(max_length=11, choices=Field)
    value = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["Edit"]] = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint("event", "field", name="edit_once_per_field"),)

    def __str__(self) -> str:
        return f"edit {self.id}"
