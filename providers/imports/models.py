"""Imports of statement files."""

from typing import ClassVar, TypedDict

from django.conf import settings
from django.db import models
from django.utils import timezone

from dashtam.ids import uuid7


class ImportedStatement(TypedDict):
    """One statement of a file. `closing_balance` is a decimal, `as_of` its ISO 8601 time."""

    account_id: str
    rows: int
    added: int
    matched: int
    currency: str
    closing_balance: str | None
    as_of: str


class RejectedRow(TypedDict):
    """A row that could not be read with certainty."""

    line: int
    reason: str


class FileImport(models.Model):
    """The outcome of one file, statement by statement. The file itself is not kept."""

    class State(models.TextChoices):
        SUCCEEDED = "succeeded"
        PARTIAL = "partial"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="file_imports", db_index=False
    )
    state = models.CharField(max_length=10, choices=State)
    format = models.CharField(max_length=8, blank=True)
    filename = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    statements = models.JSONField(
        default=list,
        help_text="For each statement: account, rows, added, matched, closing balance and its time.",
    )
    added = models.PositiveIntegerField(default=0)
    matched = models.PositiveIntegerField(default=0)
    rejected = models.JSONField(default=list, help_text="Line and reason of each row that could not be read.")
    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["FileImport"]] = models.Manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("user", "-created_at"), name="import_by_user"),)

    def __str__(self) -> str:
        return f"file import {self.id}"
