"""Storage of measurements: in memory, and in a server process also in files that add up over processes.

Every server process writes into files of its own, mapped into memory, and holds a lock for as long as it
lives. A reader adds up the files of all living processes. Counters of ended processes are moved into the files
called `past`, so that no counter ever falls; their gauges go away with them.
"""

import fcntl
import json
import os
import secrets
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from prometheus_client import Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector

from dashtam.telemetry.folders import make_private

FILE_BYTES = 2 << 20
KINDS = ("counter", "histogram", "gauge_livesum", "gauge_livemax")
PAST = "past"

_lock = Lock()
_values: list["Value"] = []
_files: dict[str, MmapedDict] = {}
_held: list[int] = []  # the lock that says this process lives, open for as long as it does


class Value:
    """One number of one metric: what prometheus_client calls a value class. Adding to it takes a microsecond."""

    __slots__ = ("file", "key", "kind", "value")
    _multiprocess = False

    def __init__(
        self,
        typ: str,
        metric_name: str,
        name: str,
        labelnames: Iterable[str],
        labelvalues: Iterable[str],
        help_text: str,
        multiprocess_mode: str = "",
        **_: Any,
    ) -> None:
        self.kind = f"{typ}_{multiprocess_mode}" if typ == "gauge" else typ
        self.key = mmap_key(metric_name, name, list(labelnames), list(labelvalues), help_text)
        self.value = 0.0
        self.file: MmapedDict | None = None
        with _lock:
            _values.append(self)
            self.attach()

    @property
    def series(self) -> tuple[str, dict[str, str]]:
        """Name and labels, as in the exposition; each bucket of a histogram is a number of its own."""
        _, name, labels, _ = json.loads(self.key)
        return name, labels

    def attach(self) -> None:
        """Write into this process's file from now on, if it has one."""
        self.file = _files.get(self.kind)
        self._write()

    def inc(self, amount: float) -> None:
        """Add to the number."""
        with _lock:
            self.value += amount
            self._write()

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Replace the number."""
        with _lock:
            self.value = value
            self._write()

    def get(self) -> float:
        """The number in this process."""
        return self.value

    def set_exemplar(self, exemplar: Any) -> None:
        """Exemplars are not kept."""

    def get_exemplar(self) -> None:
        """Exemplars are not kept."""

    def _write(self) -> None:
        if self.file is not None:
            self.file.write_value(self.key, self.value, 0.0)  # type: ignore[no-untyped-call]


def own_values(start: int = 0) -> list[Value]:
    """All numbers of this process in the order in which they were made, but for the first `start`."""
    with _lock:
        return _values[start:]


def open_files(folder: Path, role: str) -> None:
    """Keep the numbers of this process beside those of the others. Raises OSError when the disk is full."""
    name = f"{role}-{os.getpid()}-{secrets.token_hex(4)}"
    make_private(folder)
    with _alone(folder):
        _bury_the_dead(folder)
        alive = os.open(folder / f"{name}.alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(alive, fcntl.LOCK_EX)
        _held.append(alive)
        files = {kind: _new_file(folder / f"{kind}_{name}.db") for kind in KINDS}
    with _lock:
        _files.update(files)
        for value in _values:
            value.attach()


def is_open() -> bool:
    """True once `open_files` has succeeded in this process."""
    return bool(_held)


def merged(folder: Path) -> Iterable[Metric]:
    """The numbers of all processes, added up. Takes milliseconds of I/O and CPU."""
    with _alone(folder):
        _bury_the_dead(folder)
        files = sorted(map(str, folder.glob("*.db")))
        return list(MultiProcessCollector.merge(files))  # type: ignore[no-untyped-call]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "folder.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _new_file(path: Path) -> MmapedDict:
    """A file whose blocks are reserved: a write to a mapped file on a full disk would kill the process."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        if os.fstat(file.fileno()).st_size == 0:
            _reserve(file.fileno())
    return MmapedDict(str(path))  # type: ignore[no-untyped-call]


def _reserve(file: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, FILE_BYTES)
    else:
        os.truncate(file, FILE_BYTES)


def _bury_the_dead(folder: Path) -> None:
    """Add the counters of ended processes to the past, and remove their files."""
    for alive in folder.glob("*.alive"):
        with alive.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            for kind in KINDS:
                path = folder / f"{kind}_{alive.stem}.db"
                if not kind.startswith("gauge") and path.exists():
                    _add_to_past(folder / f"{kind}_{PAST}.db", path)
                path.unlink(missing_ok=True)
            alive.unlink()


def _add_to_past(past: Path, path: Path) -> None:
    total = _new_file(past)
    with suppress(RuntimeError, struct.error, ValueError):  # a file that a crash of the machine has cut
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):  # type: ignore[no-untyped-call]
            known, _ = total.read_value(key)  # type: ignore[no-untyped-call]
            total.write_value(key, known + value, 0.0)  # type: ignore[no-untyped-call]
    total.close()  # type: ignore[no-untyped-call]
