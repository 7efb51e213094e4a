"""Exports: handing people a copy of all their data."""

from collections.abc import AsyncIterator
from uuid import UUID

from accounts.errors import ExportGone, ExportNotReady
from accounts.export.archive import Archive
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
        """Make the archive, unless it is made already: piece by piece, each in a transaction of its own.

        What an earlier attempt has left is deleted first, so an attempt may end at any point.
        """
        export = await run_db(DataExport.objects.begin, id=export_id)
        if export is None:
            return
        made = Archive(export.user_id)
        pieces: list[UUID] = []
        while not made.complete:
            if piece := await run_db(made.step):
                pieces.append(await run_db(self._keep, export_id, len(pieces), piece))
        await run_db(DataExport.objects.complete, id=export_id, pieces=pieces)

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

    def _keep(self, export_id: UUID, number: int, piece: bytes) -> UUID:
        part = ExportPart(export_id=export_id, number=number)
        part.data = seal_field(self.encryption, ExportPart, part.id, "data", piece)
        ExportPart.objects.keep(part, size=len(piece))
        return part.id
