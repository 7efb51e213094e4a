"""Facts about an institution, as data. The catalogue, warnings, documents and the connector's test read them."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal

Grade = Literal["stable", "batch", "positional", "none"]
Pending = Literal["linked", "same_id", "replaced", "none"]
Scope = Literal["installation", "grant", "account"]
Behind = Literal["", "each", "all"]


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


@dataclass(frozen=True, slots=True)
class Ready:
    """New data is there once a day, at this time of the institution's clock, on these days of the week."""

    at: time
    days: AbstractSet[int] = EACH_DAY


@dataclass(frozen=True, slots=True)
class Quota:
    """So many calls in so much time, counted for the installation, each grant, or each account."""

    calls: int
    per: timedelta
    of: Scope = "grant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The institution itself, whoever its person is. None and "" mean that it is not known, and nothing is said.

    `cadence`: asking more often brings nothing new; `ready`: nor before this hour. `history`: how far back data goes.
    `longest_window`: of one request. `look_back`: read again each time, since rows come late and change. `ids`: the
    most that an id is worth: the same event for ever, new ones with each batch, a place in a list, or none. `pending`:
    how a pending row becomes a posted one: it is named by it, keeps its id, is replaced without a link, or there are
    none. `consent`: the life of a consent, where the grant does not say. `register`: the page where an installation
    gets its own access. `time_zone`: where a day of its books begins and ends. `balances_due`, `prices_due`: the rhythm
    of new figures. In words: `needs` is what a person must have to connect, `freshness` how old figures may be.

    `behind`: nothing where the provider is the institution itself; an aggregator's consent reads `each` institution by
    itself, or `all` that its person has there. `names` are a sample, which this code knows by heart, where it cannot
    ask. `manage`: the page where its person sees and ends the access themselves. `ending` and `left`, in words: what
    the institution is told after a disconnection, where that is not simply to end the consent, and what stays there
    all the same.
    """

    cadence: timedelta | None = None
    ready: Ready | None = None
    history: timedelta | None = None
    longest_window: timedelta | None = None
    look_back: timedelta = timedelta(0)
    ids: Grade | None = None
    pending: Pending | None = None
    consent: timedelta | None = None
    quotas: tuple[Quota, ...] = ()
    regions: tuple[str, ...] = ()
    needs: str = ""
    cost: str = ""
    freshness: str = ""
    behind: Behind = ""
    names: tuple[str, ...] = ()
    register: str = ""
    manage: str = ""
    ending: str = ""
    left: str = ""
    time_zone: str = "UTC"
    balances_due: Rhythm = Rhythm(timedelta(days=1))
    # A close comes with each day of trading. Easter has four days without one, and two of them are weekdays.
    prices_due: Rhythm = Rhythm(timedelta(days=3), MONDAY_TO_FRIDAY)


UNKNOWN_LIFE = timedelta(days=70)  # of a consent of which only the end is known: a week's warning


def warning(life: timedelta) -> timedelta:
    """How long before a consent's end its person is told: a tenth of its life, between a day and two weeks."""
    return min(max(life / 10, timedelta(days=1)), timedelta(days=14))
