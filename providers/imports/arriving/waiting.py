"""Previews: tables that wait, sealed, until their person confirms how they are read."""

from abc import abstractmethod
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import models, transaction

from accounts.models import User
from dashtam import errors
from providers.imports.errors import TooManyImports

if TYPE_CHECKING:
    from providers.imports.models import FileImport

PREVIEW, RUNNING = "preview", "running"


class PreviewManager(models.Manager["FileImport"]):
    """The part of the imports' manager that is about previews."""

    MOST_RUNNING = 10  # of one person: as many as one form sends
    FILES_KEPT = timedelta(days=1)
    PREVIEWS_KEPT = 20  # of one person

    @abstractmethod
    def store(self, file: "FileImport", parts: Iterable[bytes]) -> "FileImport":
        """Store an import with the sealed pieces of its file."""

    @transaction.atomic
    def keep_preview(self, file: "FileImport", parts: Iterable[bytes]) -> "FileImport":
        """Keep a table and its file until its person confirms it; of a person's previews the latest are kept."""
        file.state = PREVIEW
        User.objects.select_for_update(no_key=True).get(id=file.user_id)
        before = self.filter(user_id=file.user_id, state=PREVIEW).order_by("-created_at")
        self.filter(id__in=list(before.values_list("id", flat=True)[self.PREVIEWS_KEPT - 1 :])).delete()
        return self.store(file, parts)

    def previewed(self, user_id: UUID, id: UUID) -> "FileImport":
        """The person's table that waits to be confirmed. Raises NotFound."""
        file = self.filter(user_id=user_id, id=id, state=PREVIEW).first()
        if file is None:
            raise errors.NotFound
        return file

    @transaction.atomic
    def confirm(self, user_id: UUID, id: UUID, **chosen: Any) -> None:
        """Let an import that was previewed run. Raises NotFound and TooManyImports."""
        User.objects.select_for_update(no_key=True).get(id=user_id)
        if self.filter(user_id=user_id, state=RUNNING).count() >= self.MOST_RUNNING:
            raise TooManyImports
        waiting = self.filter(user_id=user_id, id=id, state=PREVIEW)
        if not waiting.update(state=RUNNING, **chosen):
            raise errors.NotFound

    def stale_previews(self, now: datetime) -> "models.QuerySet[FileImport]":
        """Previews that nobody has confirmed for FILES_KEPT."""
        return self.filter(state=PREVIEW, created_at__lt=now - self.FILES_KEPT)
