"""Landlock: a process that keeps to the files it was given, whatever rights it has (Linux 5.13, landlock(7))."""

import contextlib
import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on all architectures
RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
ALL = (1 << 13) - 1  # what the first version knows: these, making and removing
REFER, TRUNCATE = 1 << 13, 1 << 14  # since versions 2 and 3
FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
READING = EXECUTE | READ_FILE | READ_DIR

# The C library and what it reads to find others, time zones, and devices without contents.
SYSTEM = (
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/zoneinfo",
)
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/dev/random")
DEVICES = ("/dev/null", "/dev/zero", "/dev/shm")  # noqa: S108 POSIX shared memory lives there


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def version() -> int:
    """The version of Landlock that the kernel speaks; 0 where it has none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), RULESET_VERSION)))


def confine(*, reads: Iterable[Path], writes: Iterable[Path]) -> None:
    """Let this process and its children, from now on, open only what lies beneath these paths, and the C library.

    Raises OSError where the kernel refuses.
    """
    libc, known = _libc(), version()
    handled = ALL | (REFER if known >= 2 else 0) | (TRUNCATE if known >= 3 else 0)
    attributes = _Ruleset(handled)
    ruleset = _checked(
        libc.syscall(CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)), 0)
    )
    for path in (*reads, *map(Path, SYSTEM + SYSTEM_FILES)):
        _allow(libc, ruleset, path, handled & READING)
    for path in (*writes, *map(Path, DEVICES)):
        _allow(libc, ruleset, path, handled & ~EXECUTE)
    _checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(libc.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, access: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            access &= FOR_FILES
        rule = _PathBeneath(access, place)
        _checked(libc.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, ctypes.byref(rule), 0))
        os.close(place)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "could not confine an embedded server to its own files")
    return result
