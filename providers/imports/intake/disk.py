"""Statement files on the disk: read without following links, and moved out of the way when they are done."""

import os
import stat
import time
from pathlib import Path

from providers.formats.reading import MAX_BYTES

DONE, REFUSED = "done", "refused"
QUIET_SECONDS = 5  # a file that changed a moment ago may still be being written
MOST_AT_ONCE = 50


def read(path: Path) -> bytes:
    """The bytes of a plain file, as far as any is read. Links are not followed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 of a descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("This is not a plain file.")
        return file.read(MAX_BYTES)


def waiting(folder: Path) -> list[tuple[str, list[Path]]]:
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


def move(path: Path, sentence: str, *, taken: bool) -> None:
    """Move the file, without replacing one of that name, and write the text beside it."""
    folder = path.parent / (DONE if taken else REFUSED)
    folder.mkdir(exist_ok=True)
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    path.rename(target)
    target.with_name(f"{target.name}.txt").write_text(f"{sentence}\n", encoding="utf-8")
