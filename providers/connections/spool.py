"""The token spool: refreshed tokens that a database which is away could not take yet, sealed in files.

They exist nowhere else, and the institution has ended those of before. A process writes the file at once and deletes
it when the database has the tokens; if the process ends before that, another one stores them later.
"""

import logging
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.db import DatabaseError, InterfaceError

from dashtam.bridge.database import DatabaseBusy, is_outage
from dashtam.bridge.doors import run_aside, run_db, run_db_however_long
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.errors import DecryptionFailed
from dashtam.telemetry.folders import make_private
from providers.connections.models import ProviderToken

logger = logging.getLogger(__name__)


class Columns(msgspec.Struct, omit_defaults=True):
    """The columns of ProviderToken that a refresh changes; tokens are in their own envelopes already."""

    access_token: bytes
    access_expires_at: datetime | None
    refresh_token: bytes | None = None
    secrets: bytes | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Spooled:
    """Tokens that wait: of which connection, which version of its row they replace, and the columns to set."""

    connection_id: UUID
    version: int
    sealed: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TokenSpool:
    """Files of one folder. Each is an envelope that is bound to its connection and the version it replaces."""

    encryption: EncryptionService
    folder: Path

    async def store(self, tokens: Spooled) -> bool:
        """Put tokens in place of their version, however long the database is away, with a copy in a file meanwhile.

        False if the version is gone.
        """
        try:
            return await run_db(_put, tokens)
        except (DatabaseError, InterfaceError, DatabaseBusy) as error:
            if not is_outage(error):
                raise
        try:
            await run_aside(self._write, tokens)
        except OSError as error:
            logger.error("Refreshed tokens could not be written to the spool (%s).", type(error).__name__)
        stored = await run_db_however_long(_put, tokens)
        await run_aside(_drop, self._file(tokens.connection_id, tokens.version))
        return stored

    async def recover(self, connection_id: UUID, version: int) -> bool:
        """Store the tokens that wait for this version; to be asked before that version is refreshed once more.

        The institution may end the consent when the refresh token comes that those in the file have replaced.
        """
        return await self._recover(self._file(connection_id, version))

    async def replay(self) -> int:
        """Store all tokens that processes had to leave here. Returns how many; raises what the database raises.

        Tokens of a connection that has newer ones, or is gone, are dropped. A file that does not open stays.
        """
        files = await run_aside(lambda: [file for file in self.folder.glob("*.*") if file.suffix != ".part"])
        return sum([await self._recover(file) for file in files])

    async def _recover(self, file: Path) -> bool:
        try:
            tokens = await run_aside(self._read, file)
        except DecryptionFailed as error:
            logger.warning("Tokens in the spool cannot be opened (%s).", error.code)
            return False
        if tokens is None:
            return False
        stored = await run_db(_put, tokens)
        await run_aside(_drop, file)
        return stored

    def _file(self, connection_id: UUID, version: int) -> Path:
        return self.folder / f"{connection_id}.{version}"

    def _write(self, tokens: Spooled) -> None:
        """Write a file that only its owner may read, and that a power cut does not lose."""
        make_private(self.folder)
        file = self._file(tokens.connection_id, tokens.version)
        content = msgspec.json.encode(Columns(**tokens.sealed))
        part = file.with_suffix(f"{file.suffix}.{os.getpid()}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(self.encryption.encrypt(content, row=_row(tokens.connection_id, tokens.version)))
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)

    def _read(self, file: Path) -> Spooled | None:
        """The tokens of a file; None when there is none, or another process has stored them meanwhile."""
        try:
            envelope = file.read_bytes()
            connection_id, version = UUID(file.stem), int(file.suffix[1:])
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise DecryptionFailed from error
        content = self.encryption.decrypt(envelope, row=_row(connection_id, version))
        columns = msgspec.structs.asdict(msgspec.json.decode(content, type=Columns))
        kept = {
            name: value for name, value in columns.items() if value is not None or name == "access_expires_at"
        }
        return Spooled(connection_id, version, kept)


def _put(tokens: Spooled) -> bool:
    return ProviderToken.objects.store(
        connection_id=tokens.connection_id, version=tokens.version, sealed=tokens.sealed
    )


def _drop(file: Path) -> None:
    file.unlink(missing_ok=True)


def _row(connection_id: UUID, version: int) -> str:
    return f"spool/{connection_id}/{version}"
