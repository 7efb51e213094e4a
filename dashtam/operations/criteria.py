"""The design's review criteria: their state, the figures behind it, and the setting to change."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from dashtam.telemetry.sums import Numbers, quantile

SLOW_REQUEST_SECONDS = 0.5
SLOW_SIGN_IN_SECONDS = 1.0
SATURATED = 0.8
# The fewest that a share of 95 or 99 of 100 is judged by: of fewer, a single one would be too many.
FEWEST = {0.95: 20, 0.99: 100}


@dataclass(frozen=True, slots=True)
class Criterion:
    """A condition on which a choice of the design rests; once it breaks, the choice is to be reviewed."""

    title: str
    holds: bool | None  # None: no measurement to judge by
    figure: str
    knob: str
    advice: str

    @property
    def state(self) -> str:
        """The state in a word."""
        return {True: "holding", False: "broken", None: "nothing to judge"}[self.holds]


def judge(numbers: Numbers, seconds: float) -> Iterator[Criterion]:
    """Judge each criterion by the sums of so many seconds."""
    yield _requests(numbers)
    yield _crowd(numbers)
    yield _saturation(numbers, seconds)
    yield _sign_ins(numbers)


def _requests(numbers: Numbers) -> Criterion:
    spread = _spread(numbers, "requests")
    p95, p99 = quantile(spread, 0.95), quantile(spread, 0.99)
    figure = "No requests."
    if p95 is not None and p99 is not None:
        others = quantile(_spread(numbers, "other_requests"), 0.99)
        figure = (
            f"p95 {_time(p95)}, p99 {_time(p99)} of {sum(spread):,}; p99 without sign-ins {_time(others)}."
            f"{_too_few(spread, 'requests')}"
        )
    wait, lag = (quantile(_spread(numbers, name), 0.99) for name in ("database_wait", "loop_lag"))
    return Criterion(
        "95 and 99 of 100 requests are answered within 500 ms",
        _within(spread, SLOW_REQUEST_SECONDS, 0.95, 0.99),
        figure,
        "DATABASE_THREADS, uvicorn --workers",
        f"More database threads if requests wait for one (p99 {_time(wait)}); "
        f"more web processes if the event loop is late (p99 {_time(lag)}).",
    )


def _crowd(numbers: Numbers) -> Criterion:
    refused, failed = _count(numbers, "hash_refused"), _count(numbers, "sign_in_failed")
    peak = _count(numbers, "signing_in_peak")
    nobody = not (refused or failed or peak)
    figure = f"At most {peak:,} under way at once; {refused:,} turned away to come back, {failed:,} failed."
    return Criterion(
        "Over 100 people can sign in at once without trouble",
        None if nobody else not (refused or failed),
        "Nobody signed in." if nobody else figure,
        "HASH_WAIT_SECONDS, HASH_THREADS",
        "The first is how long a person may wait before others are turned away; the second, how many passwords are "
        "hashed at once, one for each core. More cores, or web processes on other machines, let more people in.",
    )


def _saturation(numbers: Numbers, seconds: float) -> Criterion:
    cores = (
        sum(_count(numbers, name) for name in numbers if name.startswith("cores_most_"))
        or os.cpu_count()
        or 1
    )
    busy = float(numbers.get("hash_busy", 0)) / seconds  # type: ignore[arg-type]
    used, rest = (float(numbers.get(f"cpu_{part}", 0)) / seconds / cores for part in ("hashing", "rest"))  # type: ignore[arg-type]
    return Criterion(
        "Hashing passwords leaves the processor to everybody else",
        busy < SATURATED * cores,
        f"Hashing kept {busy:.1f} of {cores} cores busy. CPU: hashing {used:.0%}, everything else {rest:.0%}.",
        "HASH_THREADS",
        "Fewer hashing threads than cores keep a core free, but let fewer people in. "
        "More cores, or another machine for the web processes, help with both.",
    )


def _sign_ins(numbers: Numbers) -> Criterion:
    spread = _spread(numbers, "sign_ins")
    p50, p95 = quantile(spread, 0.5), quantile(spread, 0.95)
    return Criterion(
        "Signing in takes less than 1 s",
        _within(spread, SLOW_SIGN_IN_SECONDS, 0.95),
        f"Half of {sum(spread):,} within {_time(p50)}, 95 of 100 within {_time(p95)}."
        f"{_too_few(spread, 'sign-ins')}"
        if spread
        else "Nobody signed in.",
        "HASH_WAIT_SECONDS",
        "With a lower value, fewer wait and more are asked to come back. The hash itself takes about 0.3 s of a core.",
    )


def _within(spread: list[int], limit: float, *shares: float) -> bool | None:
    """True if each share of the durations is within the limit; None if there are too few to tell."""
    judged = [quantile(spread, share) for share in shares if sum(spread) >= FEWEST[share]]
    return all(each is None or each <= limit for each in judged) if judged else None


def _too_few(spread: list[int], things: str) -> str:
    fewest = min(FEWEST.values())
    return "" if sum(spread) >= fewest else f" It takes at least {fewest} {things} to judge."


def _spread(numbers: Numbers, name: str) -> list[int]:
    found = numbers.get(name)
    return found if isinstance(found, list) else []


def _count(numbers: Numbers, name: str) -> int:
    found = numbers.get(name, 0)
    return 0 if isinstance(found, list) else int(found)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
