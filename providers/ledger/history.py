"""Balances of days that no statement tells, worked out backwards from stated ones and the rows between: pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from providers.ledger.money import total

DAY = timedelta(days=1)
# Some institutions write the start that was asked for, years before the first row that they still have.
MOST_WITHOUT_ROWS = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Period:
    """Days of which all rows are known, both ends included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Stated:
    """A balance that the institution states of a day; it need not count what came later that day."""

    day: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Moved:
    """The sum of a day's rows; `later` is the part that the stated balance of that day does not count.

    `clear` is False where a row is in another currency than the account.
    """

    day: date
    amount: Decimal
    later: Decimal = Decimal(0)
    clear: bool = True


Worked = tuple[date, Decimal]


def covered(start: date | None, end: date | None, rows: tuple[date, date] | None) -> Period | None:
    """The period that a statement covers, by its own word and the first and last of its rows."""
    if rows is None:
        return None  # a statement without rows may be one that lists none
    first = max(start, rows[0] - MOST_WITHOUT_ROWS) if start else rows[0]
    return Period(min(first, rows[0]), max(end or rows[1], rows[1]))


def worked_out(stated: Sequence[Stated], moved: Sequence[Moved], periods: Iterable[Period]) -> list[Worked]:
    """The end-of-day balances that follow from what is stated, of days without a stated one, in order of days.

    Between two stated balances the rows must account for all of the difference, or a period must cover the days down
    from the later one. Where rows that a period covers contradict a stated balance, nothing is worked out.
    """
    by_day, joined = {each.day: each for each in moved}, _joined(periods)
    found: dict[date, Decimal] = {}
    for number, end in enumerate(stated):
        start = stated[number - 1] if number else None
        between = [each for each in moved if (start is None or each.day > start.day) and each.day < end.day]
        bottom = _bottom(start, end, between, by_day, joined)
        if bottom is not None:
            found |= dict(_backwards(end, bottom, between, by_day))
    return sorted((day, amount) for day, amount in found.items() if day not in {each.day for each in stated})


def _bottom(
    start: Stated | None,
    end: Stated,
    between: Sequence[Moved],
    by_day: Mapping[date, Moved],
    periods: Sequence[Period],
) -> date | None:
    """The earliest day whose balance follows from `end`; None if none does."""
    at_end = by_day.get(end.day, Moved(end.day, Decimal(0)))
    if not at_end.clear:
        return None
    if start is not None and _adds_up(start, end, between, by_day):
        return start.day
    period = next((each for each in periods if each.first <= end.day <= each.last), None)
    if period is None or (start is not None and period.first <= start.day):
        return None
    unclear = (each.day for each in between if not each.clear and each.day >= period.first)
    return max([period.first - DAY, *unclear])


def _adds_up(start: Stated, end: Stated, between: Sequence[Moved], by_day: Mapping[date, Moved]) -> bool:
    return difference(start, end, between, by_day) == 0


def difference(
    start: Stated, end: Stated, between: Sequence[Moved], by_day: Mapping[date, Moved]
) -> Decimal | None:
    """The part of the way from one stated balance to the next that rows do not account for; None if it is not clear."""
    at_start = by_day.get(start.day, Moved(start.day, Decimal(0)))
    at_end = by_day.get(end.day, Moved(end.day, Decimal(0)))
    if not all(each.clear for each in (at_start, *between, at_end)):
        return None
    rows = (at_start.later, *(each.amount for each in between), _counted(end, by_day))
    return total([end.amount, *(amount.copy_negate() for amount in (start.amount, *rows))])


def _counted(end: Stated, by_day: Mapping[date, Moved]) -> Decimal:
    """The rows of its day that a stated balance counts."""
    day = by_day.get(end.day)
    return total([day.amount, day.later.copy_negate()]) if day else Decimal(0)


def _backwards(
    end: Stated, bottom: date, between: Sequence[Moved], by_day: Mapping[date, Moved]
) -> Iterator[Worked]:
    amount = total([end.amount, _counted(end, by_day).copy_negate()])
    for each in reversed(between):
        if each.day <= bottom:
            break
        yield each.day, amount
        amount = total([amount, each.amount.copy_negate()])
    yield bottom, amount


def _joined(periods: Iterable[Period]) -> list[Period]:
    """Periods that overlap or follow each other, as one."""
    joined: list[Period] = []
    for each in sorted(periods, key=lambda period: period.first):
        if joined and each.first <= joined[-1].last + DAY:
            joined[-1] = Period(joined[-1].first, max(joined[-1].last, each.last))
        else:
            joined.append(each)
    return joined
