"""Numbers over a span of time: counts, peaks and spreads of durations that can be added up later."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

# Upper bounds in seconds. What the review criteria ask about, 0.5 and 1, is exact.
BOUNDS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5),
    *(0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0),
)
Number = int | float
Numbers = dict[str, Number | list[int]]


class Span:
    """What has happened since somebody last looked. Used from all threads."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.numbers: Numbers = {}

    def add(self, name: str, amount: Number = 1) -> None:
        """Count something."""
        with self.lock:
            self.numbers[name] = self.numbers.get(name, 0) + amount  # type: ignore[operator]

    def observe(self, name: str, seconds: float) -> None:
        """Count something by how long it took."""
        with self.lock:
            spread = self.numbers.get(name)
            if not isinstance(spread, list):
                spread = self.numbers[name] = [0] * (len(BOUNDS) + 1)
            spread[bisect_left(BOUNDS, seconds)] += 1

    def peak(self, name: str, value: Number) -> None:
        """Remember the highest value."""
        name = f"{name}_peak"
        with self.lock:
            if value > self.numbers.get(name, -1):  # type: ignore[operator]
                self.numbers[name] = value

    def take(self) -> Numbers:
        """Everything since the last time."""
        with self.lock:
            taken, self.numbers = self.numbers, {}
        return taken


def added(parts: Iterable[Mapping[str, Number | list[int]]], *, at_once: bool) -> Numbers:
    """One span from several: of processes at the same time, whose peaks add up, or one after the other.

    What is called `…_most_…` belongs to the machine, which is the same for all of its processes.
    """
    total: Numbers = {}
    for part in parts:
        for name, value in part.items():
            known = total.get(name)
            if isinstance(value, list):
                total[name] = [a + b for a, b in zip(known or [0] * len(value), value, strict=False)]  # type: ignore[arg-type]
            elif "_most_" in name or (name.endswith("_peak") and not at_once):
                total[name] = max(value, known or 0)
            else:
                total[name] = value + (known or 0)  # type: ignore[operator]
    return total


def quantile(spread: Sequence[int], share: float) -> float | None:
    """The duration that this share stayed below, in seconds; None of nothing. Between bounds it is a guess."""
    wanted = share * sum(spread)
    if not wanted:
        return None
    passed, low = 0, 0.0
    for count, high in zip(spread, (*BOUNDS, BOUNDS[-1]), strict=False):
        if passed + count >= wanted:
            return low + (high - low) * (wanted - passed) / count
        passed, low = passed + count, high
    return BOUNDS[-1]
