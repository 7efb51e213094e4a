"""The proof of an account's days: the balance before, plus the rows, gives the balance after. Pure."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from providers.ledger.history import Moved, Stated, difference
from providers.ledger.money import total

DAY = timedelta(days=1)
Status = Literal["proved", "unproved", "gap"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of one standing, both included, between two stated balances or beyond them.

    `opening` and `closing` are the stated balances around, `moved` the sum of the rows between, and `missing` the
    part of the change that these do not account for.
    """

    first: date
    last: date
    status: Status
    opening: Decimal | None = None
    closing: Decimal | None = None
    moved: Decimal | None = None
    missing: Decimal | None = None

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.last - self.first).days + 1


def stretches(stated: Sequence[Stated], moved: Sequence[Moved], first: date, last: date) -> list[Stretch]:
    """The standing of all days from the first to the last, in their order.

    The days after one stated balance, up to the next, are proved or a gap together. Days that no two balances
    surround are unproved, and so are those with a row in another currency.
    """
    found = list(_between(stated, moved))
    if found:
        found = [*_beyond(first, found[0].first - DAY), *found, *_beyond(found[-1].last + DAY, last)]
    else:
        found = list(_beyond(first, last))
    return [each for each in found if each.last >= first and each.first <= last]


def _beyond(first: date, last: date) -> Iterator[Stretch]:
    if first <= last:
        yield Stretch(first, last, "unproved")


def _between(stated: Sequence[Stated], moved: Sequence[Moved]) -> Iterator[Stretch]:
    by_day = {each.day: each for each in moved}
    rows = iter(moved)
    following = next(rows, None)
    for start, end in itertools.pairwise(stated):
        between: list[Moved] = []
        while following is not None and following.day < end.day:
            if following.day > start.day:
                between.append(following)
            following = next(rows, None)
        missing = difference(start, end, between, by_day)
        if missing is None:
            yield Stretch(start.day + DAY, end.day, "unproved", start.amount, end.amount)
            continue
        change = total([end.amount, start.amount.copy_negate(), missing.copy_negate()])
        status: Status = "gap" if missing else "proved"
        yield Stretch(start.day + DAY, end.day, status, start.amount, end.amount, change, missing)
