"""Examinations of files: only their owner may read those of this installation, and enough may be open."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from dashtam.doctor.checkup import Finding, examines

FEWEST_FILES = 4_096


@examines("files")
def files(*, full: bool) -> Iterator[Finding]:
    """The home folder is ours alone, and so are the files with secrets in them."""
    home = Path(settings.HOME)
    if home.exists():
        yield from _closed(home, allowed=0o700)
    for file in (home / "secrets.env", home / "database.env", settings.BASE_DIR / ".env"):
        if file.exists():
            yield from _closed(file, allowed=0o600)


@examines("folders")
def folders(*, full: bool) -> Iterator[Finding]:
    """The folders that settings name are there, for this user."""
    watched = settings.IMPORT_FOLDER
    if watched and not (Path(watched).is_dir() and os.access(watched, os.R_OK | os.W_OK | os.X_OK)):
        yield Finding(
            f"IMPORT_FOLDER, {watched}, is no folder in which this user may read and write: make it, or correct"
            " the name."
        )
    touched = Path(settings.ALIVE_FILE).parent if settings.ALIVE_FILE else None
    if touched and not (touched.is_dir() and os.access(touched, os.W_OK | os.X_OK)):
        yield Finding(
            f"ALIVE_FILE cannot be written in {touched}: make that folder for this user, or name another file."
        )


@examines("open files")
def open_files(*, full: bool) -> Iterator[Finding]:
    """A web process may open enough files: each page with live events takes one."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < FEWEST_FILES:
        yield Finding(
            f"A process may open {hard} files here, and every page with live events takes one: raise the limit to"
            f" {FEWEST_FILES} or more (LimitNOFILE= of systemd, `ulimit -n`).",
            trouble=False,
        )


def _closed(path: Path, *, allowed: int) -> Iterator[Finding]:
    mode = path.stat().st_mode & 0o777
    if mode & ~allowed:
        yield Finding(
            f"Other users of this machine can read {path} (mode {mode:o}): run `chmod {allowed:o} {path}`."
        )
    elif not os.access(path, os.R_OK):
        yield Finding(f"This user cannot read {path}: make the user that runs Dashtam its owner.")
