"""Files as people send them: their size, their names without what hides in them, and their sealed pieces."""

import unicodedata
from collections.abc import Iterator
from hashlib import sha256
from typing import TypedDict, Unpack
from uuid import UUID

from dashtam.crypto.encryption_service import EncryptionService
from providers.imports.errors import FileTooLarge
from providers.imports.models import FileImport, ImportPart

MAX_BYTES = 20 * 1024 * 1024
DATE_ORDERS = {"dmy": "Day first, such as 31/01", "mdy": "Month first, such as 01/31"}


class Chosen(TypedDict, total=False):
    """Choices of a person about what a file does not say itself."""

    currency: str
    new_account: bool
    date_order: str


def new_import(
    user_id: UUID, filename: str, data: bytes, account_id: UUID | None, **chosen: Unpack[Chosen]
) -> FileImport:
    """An import that is not stored yet. Raises FileTooLarge."""
    if len(data) > MAX_BYTES:
        raise FileTooLarge
    return FileImport(
        user_id=user_id,
        filename=_name(filename),
        sha256=sha256(data).hexdigest(),
        size=len(data),
        target_id=account_id,
        **chosen,
    )


def sealed(encryption: EncryptionService, import_id: UUID, data: bytes) -> Iterator[bytes]:
    """The pieces of a file, each sealed for its place."""
    for position, start in enumerate(range(0, len(data), ImportPart.SIZE)):
        row = ImportPart.row(ImportPart.key(import_id, position))
        yield encryption.encrypt(data[start : start + ImportPart.SIZE], row=row)


def opened(encryption: EncryptionService, import_id: UUID) -> bytes:
    """The file of an import that waits (sync)."""
    parts = ImportPart.objects.filter(file_import_id=import_id).order_by("id")
    pieces = (encryption.decrypt(bytes(part.data), row=ImportPart.row(part.id)) for part in parts.iterator(4))
    return b"".join(pieces)


def _name(filename: str) -> str:
    """The file name of a POSIX or Windows path, without invisible characters."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    shown = "".join(char for char in last if unicodedata.category(char)[0] != "C")
    return shown.strip()[:200]
