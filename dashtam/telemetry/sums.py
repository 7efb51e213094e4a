"""Sums over a stretch of time: counts, peaks and spreads of durations, which can be added up."""

from collections.abc import Iterable, Mapping, Sequence

# Upper bounds of every histogram, in seconds. The limits of the review criteria, 0.5 and 1, are among them.
BOUNDS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5),
    *(0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0),
)
Number = int | float
Numbers = dict[str, Number | list[int]]


def added(parts: Iterable[Mapping[str, Number | list[int]]], *, at_once: bool) -> Numbers:
    """Sum several: `at_once` for processes at the same time, whose peaks add up; else one after the other.

    A number called `…_most_…` belongs to the machine, so it is the same for all of its processes.
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
    """The duration in seconds that this share stayed below, interpolated between bounds; None of an empty spread."""
    wanted = share * sum(spread)
    if not wanted:
        return None
    passed, low = 0, 0.0
    for count, high in zip(spread, (*BOUNDS, BOUNDS[-1]), strict=False):
        if passed + count >= wanted:
            return low + (high - low) * (wanted - passed) / count
        passed, low = passed + count, high
    return BOUNDS[-1]
