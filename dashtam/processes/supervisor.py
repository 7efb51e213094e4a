"""Signs of life for the supervisor of this process: systemd by its socket, a container's health check by a file."""

import contextlib
import os
import socket
from pathlib import Path

from django.conf import settings

FIRST_DESCRIPTOR = 3  # sd_listen_fds(3)

_stopping = False


def ready() -> None:
    """Say that this process serves, or works."""
    _notify("READY=1")
    alive()


def alive() -> None:
    """Say that the event loop goes on; called at least every ten seconds."""
    _notify("WATCHDOG=1")
    if settings.ALIVE_FILE:
        with contextlib.suppress(OSError):
            Path(settings.ALIVE_FILE).touch()


def stopping() -> None:
    """Say that this process finishes what it has begun, and then ends."""
    global _stopping  # noqa: PLW0603 a process ends once
    _stopping = True
    _notify("STOPPING=1")


def is_stopping() -> bool:
    """Return True once this process has been told to end."""
    return _stopping


def handed_sockets() -> list[socket.socket]:
    """The listening sockets that systemd opened and handed to this process; it keeps them over a restart."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return [socket.socket(fileno=FIRST_DESCRIPTOR + number) for number in range(count)]


def _notify(word: str) -> None:
    """Send a word of sd_notify(3), where systemd listens for it."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
        teller.settimeout(0)
        teller.sendto(word.encode(), address)
