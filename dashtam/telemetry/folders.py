"""Folders of this installation, which other users of the machine do not look into."""

from pathlib import Path


def make_private(folder: Path) -> None:
    """Make a folder with mode 0700, and its missing parents too, which `mkdir` alone opens to everybody."""
    if not folder.parent.exists():
        make_private(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
