"""Imports of statement files, and the files while they wait to be read."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from procrastinate.exceptions import AlreadyEnqueued

from accounts.models import User
from dashtam import errors
from dashtam.crypto.sealed_fields import SealedField, place
from dashtam.ids import uuid7
from dashtam.jobs.background import defer
from providers.imports.arriving.waiting import PreviewManager
from providers.imports.errors import ImportOvertaken, TooManyImports

FINDINGS = ~Q(rejected=[]) | ~Q(notices=[])  # an import that still has its lists of them


class FileImportManager(PreviewManager):
    """Every step is guarded by state and lease, so that an import is carried out by one process and finished once."""

    FAILED_KEPT = 100  # of one person
    LEASE = timedelta(seconds=15)
    MOST_ATTEMPTS = 3
    LOST_AFTER = timedelta(minutes=1)
    DETAILS_KEPT = timedelta(days=90)

    @transaction.atomic
    def begin(self, file: "FileImport", parts: Iterable[bytes]) -> "FileImport":
        """Store a new import with its file; the one under way, if the person has sent these bytes already.

        Raises TooManyImports.
        """
        User.objects.select_for_update(no_key=True).get(id=file.user_id)
        running = self.filter(user_id=file.user_id, state=FileImport.State.RUNNING)
        names = ("target_id", "currency", "new_account", "date_order")
        chosen = {name: getattr(file, name) for name in names}
        same = running.filter(sha256=file.sha256, **chosen).first()
        if same is not None:
            return same
        if running.count() >= self.MOST_RUNNING:
            raise TooManyImports
        return self.store(file, parts)

    def store(self, file: "FileImport", parts: Iterable[bytes]) -> "FileImport":
        """Store an import with the sealed pieces of its file."""
        file.save(force_insert=True)
        for position, data in enumerate(parts):
            ImportPart.objects.create(file_import=file, id=ImportPart.key(file.id, position), data=data)
        return file

    def queue(self, id: UUID) -> bool:
        """Queue the import for a worker, unless it is queued already."""
        try:
            with transaction.atomic():
                defer("providers.tasks.land_import", queueing_lock=f"import:{id}", import_id=str(id))
        except AlreadyEnqueued:
            return False
        return True

    @transaction.atomic
    def claim(self, id: UUID, lease_id: UUID) -> "FileImport | None":
        """The import, leased to this process; None while another has it or another file of the person, or when over."""
        running = self.filter(id=id, state=FileImport.State.RUNNING, attempts__lt=self.MOST_ATTEMPTS)
        user_id = running.values_list("user_id", flat=True).first()
        if user_id is None:
            return None
        User.objects.select_for_update(no_key=True).get(id=user_id)
        leased = self.filter(user_id=user_id, state=FileImport.State.RUNNING, lease_until__gte=Now())
        if leased.exists():
            return None
        claimed = running.update(
            lease_id=lease_id, lease_until=Now() + self.LEASE, attempts=F("attempts") + 1
        )
        return self.get(id=id) if claimed else None

    def progress(self, id: UUID, lease_id: UUID | None, *, read: int, landed: int) -> None:
        """Keep the lease, and write down how far the import is. Raises ImportOvertaken."""
        mine = self.filter(id=id, lease_id=lease_id, state=FileImport.State.RUNNING)
        if not mine.update(lease_until=Now() + self.LEASE, rows_read=read, rows_landed=landed):
            raise ImportOvertaken

    def hand_over(self, id: UUID, lease_id: UUID | None, *, lost: bool) -> None:
        """Give the lease back and queue the import for a worker. The attempt counts if its process was lost."""
        mine = self.filter(id=id, lease_id=lease_id, state=FileImport.State.RUNNING)
        if mine.update(lease_id=None, lease_until=None, attempts=F("attempts") - (0 if lost else 1)):
            self.queue(id)

    @transaction.atomic
    def finish(self, id: UUID, lease_id: UUID | None, state: "FileImport.State", **outcome: Any) -> None:
        """End an import and delete its file. Raises ImportOvertaken."""
        mine = self.filter(id=id, lease_id=lease_id, state=FileImport.State.RUNNING)
        ended: dict[str, Any] = {"state": state, "finished_at": timezone.now(), "traced": True}
        ended |= {"lease_id": None, "lease_until": None}
        if not mine.update(**ended, **outcome):
            raise ImportOvertaken
        ImportPart.objects.filter(file_import_id=id).delete()

    def fail(self, id: UUID, lease_id: UUID | None, error: errors.DashtamError) -> None:
        """End an import of which no row was stored; of a person's, the latest are kept. Raises ImportOvertaken."""
        told = {"error_code": error.code, "error_detail": error.detail[:300]}
        self.finish(id, lease_id, FileImport.State.FAILED, **told)
        owner = self.filter(id=id).values("user_id")
        failed = self.filter(user_id__in=owner, state=FileImport.State.FAILED).order_by("-created_at")
        self.filter(id__in=list(failed.values_list("id", flat=True)[self.FAILED_KEPT :][:1000])).delete()

    def queue_waiting(self, *, user_id: UUID | None = None, created_before: datetime | None = None) -> int:
        """Queue the imports that no process has; returns how many were not queued yet."""
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        waiting = self.filter(free, state=FileImport.State.RUNNING, attempts__lt=self.MOST_ATTEMPTS)
        if user_id is not None:
            waiting = waiting.filter(user_id=user_id)
        if created_before is not None:
            waiting = waiting.filter(created_at__lt=created_before)
        ids = waiting.order_by("created_at").values_list("id", flat=True)[:200]
        return sum(self.queue(import_id) for import_id in ids)

    def given_up(self, now: datetime) -> "models.QuerySet[FileImport]":
        """Imports under way that killed every process which tried, or have waited for FILES_KEPT."""
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        hopeless = Q(attempts__gte=self.MOST_ATTEMPTS) | Q(created_at__lt=now - self.FILES_KEPT)
        return self.filter(free, hopeless, state=FileImport.State.RUNNING)

    def with_old_details(self, now: datetime) -> "models.QuerySet[FileImport]":
        """Imports whose lists of findings have been kept long enough."""
        return self.filter(FINDINGS, created_at__lt=now - self.DETAILS_KEPT)


class FileImport(models.Model):
    """A file and its outcome, statement by statement. The file itself is kept until it has landed or failed."""

    class State(models.TextChoices):
        PREVIEW = "preview"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        PARTIAL = "partial"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="file_imports", db_index=False
    )
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    format = models.CharField(max_length=8, blank=True)
    filename = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    target_id = models.UUIDField(null=True, help_text="The account that its person chose for the rows.")
    currency = models.CharField(
        max_length=3,
        blank=True,
        default="",
        db_default="",
        help_text="The currency that its person chose, for files that name none.",
    )
    new_account = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Its person wants a new account, if the file does not say which one it is of.",
    )
    account_name = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="The name that its person gives to the account, if the file makes a new one.",
    )
    date_order = models.CharField(
        max_length=3, blank=True, default="", db_default="", help_text="“dmy” or “mdy”, if its person chose."
    )
    statements = models.JSONField(
        default=list,
        help_text="For each statement: account, rows, added, matched, closing balance and its time.",
    )
    rows_read = models.PositiveIntegerField(
        default=0, db_default=0, help_text="While it runs: about how many so far."
    )
    rows_landed = models.PositiveIntegerField(default=0, db_default=0)
    added = models.PositiveIntegerField(default=0)
    matched = models.PositiveIntegerField(default=0)
    rejected = models.JSONField(default=list, help_text="Line and reason of the first rows left out.")
    rejected_count = models.PositiveIntegerField(default=0, db_default=0)
    notices = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="Code, detail and line of the first other findings.",
    )
    notices_count = models.PositiveIntegerField(default=0, db_default=0)
    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.CharField(max_length=300, blank=True)
    traced = models.BooleanField(
        default=False, db_default=False, help_text="What it brought is written down, so it can be taken back."
    )
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    lease_id = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[FileImportManager] = FileImportManager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("user", "-created_at"), name="import_by_user"),
            models.Index(fields=("created_at",), name="import_running", condition=Q(state="running")),
            models.Index(fields=("created_at",), name="import_previewed", condition=Q(state="preview")),
            models.Index(fields=("created_at",), name="import_findings", condition=FINDINGS),
        )

    def __str__(self) -> str:
        return f"file import {self.id}"

    @property
    def undoable(self) -> bool:
        """True if it can be taken back."""
        return undoable_in(self.state, traced=self.traced)


def undoable_in(state: str, *, traced: bool) -> bool:
    """True for an import that is over and has brought nothing, or of which is known what."""
    nothing = {FileImport.State.FAILED, FileImport.State.PREVIEW}
    return state in nothing or (traced and state != FileImport.State.RUNNING)


class ImportPart(models.Model):
    """A piece of a file that waits to be read, sealed. Only ImportService opens it."""

    SIZE = 512 * 1024

    id = models.CharField(primary_key=True, max_length=48)
    file_import = models.ForeignKey(FileImport, on_delete=models.CASCADE, related_name="parts")
    data = SealedField()

    objects: ClassVar[models.Manager["ImportPart"]] = models.Manager()

    def __str__(self) -> str:
        return f"part {self.id}"

    @staticmethod
    def key(import_id: UUID, position: int) -> str:
        """The primary key, in the order of the file."""
        return f"{import_id}/{position:04}"

    @staticmethod
    def row(key: str) -> str:
        """Where its envelope belongs (see EncryptionService)."""
        return place(ImportPart, key, "data")
