"""What one process has counted for itself, in bounded memory."""

import time
from collections import Counter
from collections.abc import Sequence

ENTRIES = 65_536  # about 12 MB
SWEEP_SECONDS = 1.0


class Buckets:
    """When each bucket will be full again, by the monotonic clock. A full bucket needs no entry."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self.entries = entries
        self.full_at: dict[str, float] = {}
        self.swept_at = 0.0

    def take(self, names: Sequence[str], rates: Sequence[tuple[float, float]]) -> float:
        """Take one from each and return 0, or from none and return the seconds to wait.

        `rates` holds, for each bucket, the seconds until one comes back and until all of it is back.
        """
        now = time.monotonic()
        after = [
            max(self.full_at.get(name, now), now) + rate[0] for name, rate in zip(names, rates, strict=True)
        ]
        wait = max(full - now - rate[1] for full, rate in zip(after, rates, strict=True))
        if wait > 1e-6:
            return wait
        self._make_room(now, len(names))
        for name, full in zip(names, after, strict=True):
            if name in self.full_at or len(self.full_at) < self.entries:
                self.full_at[name] = full
        return 0.0

    def give_back(self, names: Sequence[str], intervals: Sequence[float]) -> None:
        """Undo one take."""
        for name, interval in zip(names, intervals, strict=True):
            if name in self.full_at:
                self.full_at[name] -= interval

    def clear(self, names: Sequence[str]) -> None:
        """Undo all takes."""
        for name in names:
            self.full_at.pop(name, None)

    def remembers(self, names: Sequence[str]) -> bool:
        """Whether all of them are counted here; what found no room must not pass for unused."""
        return all(name in self.full_at for name in names)

    def _make_room(self, now: float, wanted: int) -> None:
        """Drop full buckets; at most once a second, for it looks at all of them."""
        if len(self.full_at) + wanted > self.entries and now - self.swept_at > SWEEP_SECONDS:
            self.swept_at = now
            self.full_at = {name: full for name, full in self.full_at.items() if full > now}


class Slots:
    """How many are at work at each place."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    def enter(self, place: str, at_most: int) -> bool:
        """Take a place. False when all are taken."""
        if self.taken[place] >= at_most:
            return False
        self.taken[place] += 1
        return True

    def leave(self, place: str) -> None:
        """Give the place back."""
        self.taken[place] -= 1
        if not self.taken[place]:
            del self.taken[place]
