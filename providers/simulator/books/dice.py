"""Repeatable chance: the same seed rolls the same whole numbers on every machine and every Python."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def digest(*seed: object, size: int = 8) -> str:
    """A short stable id, the same for the same parts."""
    return blake2b("|".join(map(str, seed)).encode(), digest_size=size).hexdigest()


class Dice:
    """Whole numbers drawn from a seed, in order."""

    def __init__(self, *seed: object) -> None:
        self._seed = "|".join(map(str, seed)).encode()
        self._refills = 0
        self._pool: list[int] = []

    def between(self, low: int, high: int) -> int:
        """Both ends included."""
        if not self._pool:
            self._refill()
        return low + self._pool.pop() % (high - low + 1)

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.between(0, len(options) - 1)]

    def one_in(self, n: int) -> bool:
        """True once in n rolls, on average."""
        return self.between(1, n) == 1

    def _refill(self) -> None:
        block = blake2b(self._seed + b"#%d" % self._refills).digest()
        self._pool = [int.from_bytes(block[i : i + 4]) for i in range(0, 64, 4)]
        self._refills += 1
