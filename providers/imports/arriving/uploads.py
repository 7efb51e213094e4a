"""Files as people send them: their size, and their names without what hides in them."""

import unicodedata
from hashlib import sha256
from uuid import UUID

from providers.imports.errors import FileTooLarge
from providers.imports.models import FileImport

MAX_BYTES = 20 * 1024 * 1024


def new_import(
    user_id: UUID, filename: str, data: bytes, account_id: UUID | None, currency: str, *, new_account: bool
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
        currency=currency,
        new_account=new_account,
    )


def _name(filename: str) -> str:
    """The file name of a POSIX or Windows path, without invisible characters."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    shown = "".join(char for char in last if unicodedata.category(char)[0] != "C")
    return shown.strip()[:200]
