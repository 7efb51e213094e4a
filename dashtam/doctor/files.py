"""Examination of file modes: only their owner may read the files of this installation."""

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from dashtam.doctor.checkup import Finding, examines


@examines("files")
def files(*, full: bool) -> Iterator[Finding]:
    """The home folder is ours alone, and so are the files with secrets in them."""
    home = Path(settings.HOME)
    if home.exists():
        yield from _closed(home, allowed=0o700)
    for file in (home / "secrets.env", home / "database.env", settings.BASE_DIR / ".env"):
        if file.exists():
            yield from _closed(file, allowed=0o600)


def _closed(path: Path, *, allowed: int) -> Iterator[Finding]:
    mode = path.stat().st_mode & 0o777
    if mode & ~allowed:
        yield Finding(f"{path} is open to others (mode {mode:o}): `chmod {allowed:o}` it.")
    elif not os.access(path, os.R_OK):
        yield Finding(f"{path} cannot be read by this user: give it to the user that runs Dashtam.")
