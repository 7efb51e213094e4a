"""The rhythm of a source: how old its figures may become before they are overdue."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

EACH_DAY = frozenset(range(7))
MONDAY_TO_FRIDAY = frozenset(range(5))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A new figure comes within `every`, of which only these days of the week count (0 is Monday, in UTC).

    `every` is None where a new figure comes when a person brings one.
    """

    every: timedelta | None
    days: AbstractSet[int] = EACH_DAY


def overdue(rhythm: Rhythm, as_of: datetime, now: datetime) -> bool:
    """True once more time has gone by since `as_of` than the rhythm allows."""
    if rhythm.every is None or now - as_of <= rhythm.every:
        return False
    moment, end, left = as_of.astimezone(UTC), now.astimezone(UTC), rhythm.every
    while moment < end:
        midnight = datetime.combine(moment.date() + timedelta(days=1), time.min, UTC)
        if moment.weekday() in rhythm.days:
            left -= min(midnight, end) - moment
            if left < timedelta(0):
                return True
        moment = midnight
    return False
