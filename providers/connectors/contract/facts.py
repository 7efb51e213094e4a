"""Facts about an institution, as data. The catalogue, warnings, documents and the connector's test read them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Grade = Literal["stable", "batch", "positional", "none"]
Pending = Literal["linked", "same_id", "replaced", "none"]
Scope = Literal["installation", "grant", "account"]


@dataclass(frozen=True, slots=True)
class Quota:
    """So many calls in so much time, counted for the installation, each grant, or each account."""

    calls: int
    per: timedelta
    of: Scope = "grant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The institution itself, whoever its person is. None and "" mean that it is not known, and nothing is said.

    `cadence`: asking more often brings nothing new. `history`: how far back data goes. `longest_window`: of one
    request. `look_back`: read again each time, since rows come late and change. `ids`: the most that an id is worth:
    the same event for ever, new ones with each batch, a place in a list, or none. `pending`: how a pending row becomes
    a posted one: it is named by it, keeps its id, is replaced without a link, or there are none. `consent`: the life of
    a consent, where the grant does not say. `register`: the page where an installation gets its own access.
    """

    cadence: timedelta | None = None
    history: timedelta | None = None
    longest_window: timedelta | None = None
    look_back: timedelta = timedelta(0)
    ids: Grade | None = None
    pending: Pending | None = None
    consent: timedelta | None = None
    quotas: tuple[Quota, ...] = ()
    regions: tuple[str, ...] = ()
    cost: str = ""
    register: str = ""


def warning(life: timedelta) -> timedelta:
    """How long before a consent's end its person is told: a tenth of its life, between a day and two weeks."""
    return min(max(life / 10, timedelta(days=1)), timedelta(days=14))
