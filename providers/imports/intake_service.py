"""FileIntakeService: brings in statement files that lie on the machine, by command or in a watched folder."""

import os
import stat
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from dashtam import errors
from dashtam.bridge.doors import run_aside, run_db
from providers.formats.reading import MAX_BYTES
from providers.imports.import_service import ImportService
from providers.imports.models import FileImport

DONE, REFUSED = "done", "refused"
QUIET_SECONDS = 5  # a file that changed a moment ago may still be being written
MOST_AT_ONCE = 50
# Not the file's fault: it stays where it is, and is tried again.
_LATER = (errors.TooManyRequests, errors.ServiceBusy)


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of one file, in a sentence; `taken` unless it was refused."""

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
        data = await run_aside(_read, path)
        try:
            done = await self.imports.import_statement(
                user_id=user_id, filename=path.name, data=data, **{"account_id": None, **answers}
            )
        except _LATER:
            raise
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
        for email, paths in await run_aside(_waiting, self.folder):
            user_id = await self.find_person(email)
            if user_id is None:
                continue
            for path in paths:
                try:
                    brought = await self.bring(path, user_id=user_id)
                except (*_LATER, OSError):
                    break
                await run_aside(_move, path, brought)


def _told(done: FileImport) -> str:
    """The outcome, and everything that was noticed."""
    head = f"{done.added} added, {done.matched} known already, {done.rejected_count} left out."
    lines = [f"Line {row['line']}: {row['reason']}" for row in done.rejected]
    lines += [notice["detail"] for notice in done.notices]
    return "\n".join([head, *lines])


def _read(path: Path) -> bytes:
    """The bytes of a plain file, as far as any is read. Links are not followed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 of a descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("This is not a plain file.")
        return file.read(MAX_BYTES)


def _waiting(folder: Path) -> list[tuple[str, list[Path]]]:
    """The folders of people, by their address, each with its files, oldest first."""
    found = []
    for person in sorted(folder.iterdir()) if folder.is_dir() else ():
        if "@" not in person.name or person.is_symlink() or not person.is_dir():
            continue
        paths = [path for path in person.iterdir() if not path.name.startswith(".") and _is_quiet(path)]
        found.append((person.name, sorted(paths, key=lambda path: path.stat().st_mtime)[:MOST_AT_ONCE]))
    return found


def _is_quiet(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_mtime < time.time() - QUIET_SECONDS


def _move(path: Path, brought: Brought) -> None:
    """Move the file, without replacing one of that name, and write the text beside it."""
    folder = path.parent / (DONE if brought.taken else REFUSED)
    folder.mkdir(exist_ok=True)
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    path.rename(target)
    target.with_name(f"{target.name}.txt").write_text(f"{brought.sentence}\n", encoding="utf-8")
