"""Files that wait to be read or confirmed, sealed piece by piece."""

from collections.abc import Iterator
from uuid import UUID

from dashtam.crypto.encryption_service import EncryptionService
from providers.imports.models import ImportPart


def sealed(encryption: EncryptionService, import_id: UUID, data: bytes) -> Iterator[bytes]:
    """The pieces of a file, each sealed for its place."""
    for position, start in enumerate(range(0, len(data), ImportPart.SIZE)):
        row = ImportPart.row(ImportPart.key(import_id, position))
        yield encryption.encrypt(data[start : start + ImportPart.SIZE], row=row)


def opened(encryption: EncryptionService, import_id: UUID) -> bytes:
    """The file of an import that waits. Raises DecryptionFailed."""
    parts = ImportPart.objects.filter(file_import_id=import_id).order_by("id")
    return b"".join(
        encryption.decrypt(bytes(part.data), row=ImportPart.row(part.id)) for part in parts.iterator(4)
    )
