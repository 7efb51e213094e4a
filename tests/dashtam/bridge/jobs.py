"""Jobs for a process that computes: well-behaved, hungry, endless, broken."""

import os
from collections.abc import Callable

Emit = Callable[[object], None]


def count_to(emit: Emit, end: int) -> None:
    for number in range(end):
        emit(number)


def who(emit: Emit) -> None:
    emit(os.getpid())


def environment(emit: Emit) -> None:
    emit(dict(os.environ))


def sized(emit: Emit, data: bytes) -> None:
    emit(len(data))


def hold(emit: Emit, megabytes: int) -> None:
    """Hold so much memory."""
    held = [bytearray(1 << 20) for _ in range(megabytes)]
    emit(len(held))


def spin(emit: Emit) -> None:
    """Use the processor for ever."""
    while True:
        pass


def rest(emit: Emit) -> None:
    """Wait for ever without using the processor."""
    os.read(os.pipe()[0], 1)


def fail(emit: Emit) -> None:
    emit(1)
    raise LookupError("no such thing")


def fall(emit: Emit) -> None:
    """End without a word, as one that the kernel killed."""
    os._exit(9)
