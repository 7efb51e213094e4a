"""FileIntakeService: brings in statement files that lie on the machine, by command or in a watched folder."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from dashtam import errors
from dashtam.bridge.doors import run_aside, run_db
from providers.imports.import_service import ImportService
from providers.imports.intake import disk
from providers.imports.models import FileImport

# Not the file's fault: it stays where it is, and is tried again.
_LATER = (errors.TooManyRequests, errors.ServiceBusy)


@dataclass(frozen=True, slots=True)
class Brought:
    """The outcome of one file, as a sentence; `taken` unless it was refused."""

    sentence: str
    taken: bool = False


class FileIntakeService:
    """Brings files in for people, who are found by their email address. `folder` is None where none is watched."""

    def __init__(
        self,
        *,
        imports: ImportService,
        folder: Path | None,
        find_person: Callable[[str], Awaitable[UUID | None]],
    ) -> None:
        self.imports = imports
        self.folder = folder
        self.find_person = find_person

    async def person(self, email: str) -> UUID | None:
        """The id of the person with this address."""
        return await self.find_person(email)

    async def bring(self, path: Path, *, user_id: UUID, **answers: Any) -> Brought:
        """Import a file, and wait until that is over. Raises TooManyRequests, ServiceBusy and OSError."""
        data = await run_aside(disk.read, path)
        try:
            done = await self.imports.import_statement(
                user_id=user_id, filename=path.name, data=data, **{"account_id": None, **answers}
            )
        except _LATER:
            raise
        except errors.NotFound:
            return Brought("This person has no account with this id.")
        except errors.DashtamError as refusal:
            return Brought(f"{refusal.title} {refusal.detail}")
        if done.state == FileImport.State.RUNNING:
            await self.imports.land(import_id=done.id)
            done = await run_db(FileImport.objects.get, id=done.id)
        if done.state == FileImport.State.RUNNING:  # another process has it, or another file comes first
            raise errors.ServiceBusy
        if done.state == FileImport.State.FAILED:
            return Brought(done.error_detail)
        return Brought(_told(done), taken=True)

    async def watch(self) -> None:
        """Bring in what lies in the folder of each person, and move it to `done/` or `refused/`.

        The folder of a person is called by their email address. Beside each file that was moved is a text that says
        what became of it.
        """
        if self.folder is None:
            return
        for email, paths in await run_aside(disk.waiting, self.folder):
            user_id = await self.find_person(email)
            if user_id is None:
                continue
            for path in paths:
                try:
                    brought = await self.bring(path, user_id=user_id)
                except (*_LATER, OSError):
                    break
                await run_aside(partial(disk.move, path, brought.sentence, taken=brought.taken))


def _told(done: FileImport) -> str:
    """The outcome, and everything that was noticed."""
    head = f"{done.added} added, {done.matched} known already, {done.rejected_count} left out."
    lines = [f"Line {row['line']}: {row['reason']}" for row in done.rejected]
    lines += [notice["detail"] for notice in done.notices]
    return "\n".join([head, *lines])
