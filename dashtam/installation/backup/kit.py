"""The recovery kit: a key pair for backups, as a file and as a page to print."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.template.loader import render_to_string

from dashtam.telemetry.folders import make_private

BEGINNING = "AGE-SECRET-KEY-1"
KEY_FILE, PAGE_FILE = "recovery-key.txt", "recovery-kit.html"


class Kit(NamedTuple):
    """The public key of a new kit, and the two files that hold the secret one."""

    public_key: str
    key_file: Path
    page: Path


def make(folder: Path) -> Kit:
    """Make a key pair and write its files, for their owner alone. Raises FileExistsError: no kit is written over."""
    import pyrage
    import segno

    make_private(folder)
    pair = pyrage.x25519.Identity.generate()
    secret, public = str(pair), str(pair.to_public())
    made_on = datetime.now(UTC).date().isoformat()
    notes = (
        f"Recovery key of Dashtam at {settings.PUBLIC_URL}",
        f"created: {made_on}",
        f"public key: {public}",
    )
    lines = "".join(f"# {each}\n" for each in notes) + f"{secret}\n"
    head, rest = secret[: len(BEGINNING)], secret[len(BEGINNING) :]
    page = render_to_string(
        "dashtam/recovery_kit.html",
        {
            "address": settings.PUBLIC_URL,
            "made_on": made_on,
            "public_key": public,
            "groups": [head, *(rest[start : start + 6] for start in range(0, len(rest), 6))],
            "picture": segno.make(secret, error="q").svg_inline(border=2, omitsize=True),
        },
    )
    _write(folder / KEY_FILE, lines)
    _write(folder / PAGE_FILE, page)
    return Kit(public, folder / KEY_FILE, folder / PAGE_FILE)


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
