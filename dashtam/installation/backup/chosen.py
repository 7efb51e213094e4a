"""The backup that a command is to open, and the recovery key that opens it, from the command line."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.management.base import CommandParser

from dashtam.installation.backup import restoring, sealing, targets
from dashtam.installation.backup.failures import BackupUnreadable, RestoreRefused
from dashtam.installation.backup.restoring import Opened


def add_arguments(parser: CommandParser) -> None:
    """The arguments of each command that opens a backup. The key itself is none: others could read it in a list."""
    parser.add_argument(
        "backup",
        help="a file, s3://bucket/prefix/NAME, the name of one in BACKUP_TO, or `latest` for the newest there",
    )
    parser.add_argument(
        "--key", metavar="FILE", help="a file with the recovery key; without it, you are asked"
    )


@contextmanager
def opened(backup: str, key: str | None) -> Iterator[Opened]:
    """The backup, decrypted as it is read. Raises a DashtamError where it cannot be found, read or opened."""
    identity = sealing.identity(_key(key))
    with ExitStack() as stack:
        source = _source(stack, backup)
        yield restoring.opened(stack.enter_context(sealing.decrypted(source, identity)))


def _source(stack: ExitStack, backup: str) -> BinaryIO:
    """A stream of the backup as it is kept, which is closed with the stack."""
    try:
        place, name = _found(backup)
        stream: BinaryIO = stack.enter_context(place.reading(name))
    except OSError as error:
        raise BackupUnreadable(
            f"The backup cannot be read: {error.strerror or type(error).__name__}."
        ) from error
    except Exception as error:
        if not type(error).__module__.startswith("botocore"):
            raise
        raise BackupUnreadable(f"The bucket does not give the backup ({type(error).__name__}).") from error
    return stream


def _key(file: str | None) -> str:
    if file is None:
        asked = getpass.getpass("Recovery key: ") if sys.stdin.isatty() else sys.stdin.readline()
        return asked.replace(" ", "")
    try:
        return Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise RestoreRefused(
            f"The file with the recovery key cannot be read ({type(error).__name__})."
        ) from error


def _found(backup: str) -> tuple[targets.Target, str]:
    """The place of a backup, and its name there."""
    if backup == "latest":
        place = targets.target(settings.BACKUP_TO)
        if not (names := place.names()):
            raise RestoreRefused("There is no backup in BACKUP_TO.")
        return place, names[-1]
    if targets.NAME.fullmatch(backup) and not Path(backup).exists():
        return targets.target(settings.BACKUP_TO), backup
    if backup.startswith("s3://"):
        prefix, _, name = backup.rpartition("/")
        return targets.target(prefix), name
    path = Path(backup)
    return targets.Folder(path.parent), path.name
