"""The process that computes for `dashtam.bridge.computing`.

It knows no settings, keys or addresses: its environment is empty. A job arrives on standard input and its results leave
on standard output, as messages of eight bytes of length and a pickle.
"""

import contextlib
import gc
import importlib
import os
import pickle
import resource
import select
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from dashtam.installation import unprivileged

IDLE_SECONDS = 60.0
LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Job:
    """A function by its module and name, called with `emit` and the arguments, and the bounds on its work."""

    module: str
    name: str
    args: tuple[Any, ...]
    cpu_seconds: int
    memory: int


@dataclass(frozen=True, slots=True)
class Result:
    """One item that the function emitted."""

    item: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """The error that it raised."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a job: `memory` is what the process holds now, in bytes."""

    memory: int
    out_of_memory: bool = False


def write(stream: BinaryIO, message: object) -> None:
    """Send one message."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def main() -> None:
    """Do job after job until there is none for IDLE_SECONDS, or our parent has gone."""
    unprivileged.die_with_parent()()
    with contextlib.suppress(OSError):
        os.nice(10)  # people who wait for a page come first
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.disable()  # trees have no cycles, and walking through a million nodes takes seconds
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    while job := _next(requests):
        _bound(job)
        exhausted = _do(job, answers)
        job = None
        _unbound()
        gc.collect()
        write(answers, Ended(memory(), exhausted))


def _do(job: Job, answers: BinaryIO) -> bool:
    """Send its results, and the error if it raises one. True if it ran out of memory."""
    try:
        function: Callable[..., None] = getattr(importlib.import_module(job.module), job.name)
        function(lambda item: write(answers, Result(item)), *job.args)
    except MemoryError:
        return True  # to be told once the job's own memory is free again
    except Exception as error:  # noqa: BLE001 it belongs to the caller
        write(answers, Failed(_portable(error)))
    return False


def _next(requests: BinaryIO) -> Job | None:
    if not select.select([requests], [], [], IDLE_SECONDS)[0]:
        return None
    head = requests.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    job: Job = pickle.loads(requests.read(*LENGTH.unpack(head)))  # noqa: S301 from our own parent
    return job


def _portable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 our own
    except Exception:  # noqa: BLE001 whatever its class does
        return RuntimeError(type(error).__name__)
    return error


def memory() -> int:
    """The bytes of memory that the process holds now."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # not Linux: the most that it ever held
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize()


def _bound(job: Job) -> None:
    """Let the kernel refuse memory, and end the process by SIGXCPU, beyond the job's bounds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + job.cpu_seconds
    _limit(resource.RLIMIT_CPU, seconds)
    with contextlib.suppress(OSError):  # not Linux
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, size + job.memory)


def _unbound() -> None:
    _limit(resource.RLIMIT_CPU, resource.RLIM_INFINITY)
    _limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = hard if value == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, hard))
