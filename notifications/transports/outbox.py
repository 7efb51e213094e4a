"""Mail as `.eml` files in a folder, for installations without a mail service."""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

from dashtam.telemetry.folders import make_private
from notifications.errors import MailUnavailable
from notifications.messages import Message


class OutboxTransport:
    """Writes each message to a file that any mail program opens, and its link to the console.

    A message is a few kilobytes: writing it takes less than a hop to a thread, so it is written directly.
    """

    def __init__(self, *, folder: Path) -> None:
        self.folder = folder

    async def send(self, message: Message) -> str:
        """Write the message; returns the file's name. Raises MailUnavailable when the folder cannot be written."""
        content = message.mime().as_bytes()
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{message.id.hex}.eml"
        try:
            self._write(name, content)
        except OSError as error:
            raise MailUnavailable(code="outbox_not_writable") from error
        # Not the log: logs are kept and shipped. Here, this line is the only way to reach the person.
        print(f"Mail to {message.to}: {message.subject}\n  {message.link}", flush=True)
        return name

    def _write(self, name: str, content: bytes) -> None:
        """Write under another name first, so that readers see the whole file or none."""
        make_private(self.folder)
        self.folder.chmod(0o700)
        unfinished = self.folder / f".{name}.part"
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        unfinished.replace(self.folder / name)


def forget_files(folder: Path, before: float) -> None:
    """Delete the messages, and Django's own error reports, written before that moment (seconds since 1970)."""
    for file in folder.iterdir() if folder.exists() else ():
        with contextlib.suppress(FileNotFoundError):  # another worker was quicker
            if file.suffix in {".eml", ".log", ".part"} and file.stat().st_mtime < before:
                file.unlink()
