"""Exports: handing people a copy of all their data."""

from collections.abc import AsyncIterator
from uuid import UUID

from accounts.errors import ExportGone, ExportNotReady
from accounts.export import archive
from accounts.limits import EXPORT_BY_PERSON
from accounts.models import DataExport, ExportPart
from dashtam import limits
from dashtam.bridge.doors import run_db
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.crypto.sealed_fields import open_field, seal_field
from dashtam.errors import NotFound


class ExportService:
    """Requests, makes and hands over exports: one at a time for each person, kept for a day, taken once."""

    def __init__(self, *, encryption: EncryptionService) -> None:
        self.encryption = encryption

    async def request(self, *, user_id: UUID) -> DataExport:
        """Return the person's current export, a new one if there is none. Raises TooManyRequests."""
        current = await run_db(DataExport.objects.current, user_id=user_id)
        if current is not None:
            return current
        await limits.require((EXPORT_BY_PERSON, user_id))
        return await run_db(DataExport.objects.request, user_id=user_id)

    async def make(self, *, export_id: UUID) -> None:
        """Make the archive, unless it is made already."""
        await run_db(DataExport.objects.make, id=export_id, pieces=archive.pieces, seal=self._seal)

    async def take(self, *, user_id: UUID, export_id: UUID) -> AsyncIterator[bytes]:
        """Hand over the archive, this once. Raises NotFound, ExportNotReady, ExportGone."""
        found = await run_db(DataExport.objects.filter(id=export_id, user_id=user_id).first)
        if found is None:
            raise NotFound
        if found.state != DataExport.State.READY:
            raise ExportNotReady
        if await run_db(DataExport.objects.take, user_id=user_id, id=export_id) is None:
            raise ExportGone
        return self._stream(export_id)

    async def forget(self) -> None:
        """Delete the exports that can no longer be taken."""
        await run_db(DataExport.objects.forget)

    async def _stream(self, export_id: UUID) -> AsyncIterator[bytes]:
        parts = ExportPart.objects.filter(export_id=export_id)
        for number in range(await run_db(parts.count)):
            part = await run_db(parts.get, number=number)
            yield open_field(self.encryption, part, "data")

    def _seal(self, part_id: UUID, piece: bytes) -> bytes:
        return seal_field(self.encryption, ExportPart, part_id, "data", piece)
