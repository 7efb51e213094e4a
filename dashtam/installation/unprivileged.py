"""Servers run as an ordinary user although we are root, without a folder's mode being opened."""

import ctypes
import logging
import os
import pwd
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from dashtam.installation import confined

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522

logger = logging.getLogger(__name__)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def account() -> pwd.struct_passwd | None:
    """The user to run servers as when we are root; None when we are an ordinary user already."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def warn_where_unconfined() -> None:
    """Log a warning as root where the kernel cannot confine the servers to their own files (before Linux 5.13)."""
    if account() is not None and not confined.version():
        logger.warning(
            "This kernel has no Landlock, so SQL of a superuser could read every file of this machine. Better run"
            " Dashtam as an ordinary user, or set DATABASE_URL and REDIS_URL."
        )


def preparation(
    *, reads: Iterable[Path], writes: Iterable[Path], stop_signal: signal.Signals = signal.SIGTERM
) -> Callable[[], None]:
    """A `preexec_fn` that drops root's rights and ties the child's life to its parent's.

    PostgreSQL refuses to run as root, and an ordinary user cannot pass through root's private folders.
    Opening those folders would let other users in. Instead the child keeps one right of root's, to pass
    through folders and read (CAP_DAC_READ_SEARCH), as an ambient capability: no file on disk changes its mode.
    Where the kernel has Landlock, it then confines that right to `reads` and `writes`, so that no SQL reads
    what is not the server's own.
    Raises OSError (in the child) where the kernel refuses, and as root on anything but Linux.
    """
    user = account()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    tie = die_with_parent(stop_signal)

    def prepare() -> None:
        os.umask(0o077)
        if user is not None:
            if libc is None:
                raise OSError("as root, set DATABASE_URL and REDIS_URL: embedded servers need Linux")
            _become(libc, user)
            if confined.version():
                confined.confine(reads=reads, writes=writes)
        tie()  # last, for the kernel forgets the parent-death signal when the user changes

    return prepare


def _become(libc: ctypes.CDLL, user: pwd.struct_passwd) -> None:
    # access(2), with which initdb looks for its programs, drops capabilities when the real user is not
    # root, unless this bit is set. Without CAP_SETPCAP it cannot be: only private folders then fail.
    libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    _checked(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    bits = 1 << CAP_DAC_READ_SEARCH
    header = _Header(CAPABILITY_VERSION_3, 0)
    data = (_Data * 2)(_Data(bits, bits, bits), _Data(0, 0, 0))
    _checked(libc.capset(ctypes.byref(header), ctypes.byref(data)))
    _checked(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0))


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "could not drop root's rights for the embedded servers")


def die_with_parent(stop_signal: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """A `preexec_fn` with which the kernel sends `stop_signal` when the parent ends, however (Linux)."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def prepare() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)

    return prepare
