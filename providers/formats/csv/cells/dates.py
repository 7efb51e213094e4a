"""Days as tables write them. The order of day and month is decided on a whole column, never on one cell."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

import msgspec

from providers.formats.csv.cells.numbers import ascii_digits
from providers.formats.csv.words.months import month_of

Order = Literal["dmy", "mdy", ""]
FIRST, LAST = 1950, 2150

_NUMERIC = re.compile(r"([0-9]{1,4})([-/.\u2010-\u2012\u00a0 ]) ?([0-9]{1,2})\2 ?([0-9]{1,4})\.?")
_COMPACT = re.compile(r"[0-9]{8}")
_COMPACT_TIME = re.compile(r"((?:19|20)[0-9]{6})((?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9])")
_SIGNED = re.compile(r"([0-9]{4}) ?[年년] ?([0-9]{1,2}) ?[月월] ?([0-9]{1,2}) ?[日일]")
_YEAR_FIRST = re.compile(r"([0-9]{4})\. ?([^\W\d_]{3,12})\.? ([0-9]{1,2})\.?")
_NAMED = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th)?(?:[-/. ]{0,3}| de )([^\W\d_]{3,13})\.?,?(?:[-/. ]{0,3}| de )([0-9]{4}|'?[0-9]{2})\.?"
)
_NAME_FIRST = re.compile(r"([^\W\d_]{3,12})\.?[-/. ]{1,3}([0-9]{1,2})(?:st|nd|rd|th)?,?[-/. ]{1,3}([0-9]{4})")
_CLOCK = r"[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2})?(?:[.,][0-9]{1,9})?(?: ?[APap]\.?[Mm]\.?)?"
_ZONE = r"(?:Z|UTC|GMT|[A-Z]{2,5}|[+-][0-9]{2}:?[0-9]{2})"
_TIME_AFTER = re.compile(rf"(.{{6,30}}?)(?:T| / |, ?|-| {{1,3}}| at )({_CLOCK}) ?({_ZONE})?")
_TIME_BEFORE = re.compile(rf"{_CLOCK},? (.{{6,20}})")
_AS_OF = re.compile(r"(.{6,20}) as of .{6,20}")
_PLACES: dict[Order, tuple[int, int, int]] = {"": (0, 1, 2), "dmy": (2, 1, 0), "mdy": (2, 0, 1)}
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")


class Written(msgspec.Struct, frozen=True, gc=False):
    """A day as it is written: three numbers, in each order that they could be in, and a moment's time if sure.

    `form` is the way it is written, such as with the year first or with zeros before small numbers.
    """

    orders: tuple[Order, ...]
    numbers: tuple[int, int, int]
    form: str
    clock: str = ""
    zone: str = ""

    @property
    def dotted(self) -> bool:
        """True for 31.12.2026."""
        return self.form.startswith(".")

    def day(self, order: Order) -> dt.date | None:
        """The day in that order, or in the only one there is; None if there is none."""
        if order not in self.orders:
            if len(self.orders) != 1:
                return None
            order = self.orders[0]
        return _day(self.numbers, order)


@lru_cache(8192)  # a table has many rows of few days
def read_date(cell: str) -> Written | None:
    """A day as written; None for what is none."""
    text = ascii_digits(cell.strip()).removeprefix("'")
    if not 6 <= len(text) <= 60 or not any(char.isdigit() for char in text):
        return None
    if match := _AS_OF.fullmatch(text):
        text = match.group(1)
    clock = zone = ""
    found = _bare(text)
    if found is None:
        if match := _TIME_AFTER.fullmatch(text):
            text, clock, zone = match.group(1), match.group(2), match.group(3) or ""
        elif match := _TIME_BEFORE.fullmatch(text) or _COMPACT_TIME.fullmatch(text):
            text = match.group(1)
        else:
            return None
        found = _bare(text.rstrip(", "))
    if found is None:
        return None
    orders, numbers, form = found
    possible = tuple(order for order in orders if _day(numbers, order))
    return Written(possible, numbers, form, clock, zone) if possible else None


def looks_like_date(cell: str) -> bool:
    """True for a cell that can be a day."""
    return read_date(cell) is not None


def possible_orders(cells: Iterable[Written]) -> set[Order]:
    """The orders that fit all numeric days of a column; the empty set, if none does; all, if none was numeric."""
    left: set[Order] = {"dmy", "mdy"}
    for cell in cells:
        if "" not in cell.orders:
            left &= set(cell.orders)
    return left


def usual_forms(cells: Iterable[Written]) -> frozenset[str]:
    """The ways in which nearly all days of a column are written; a day in another way may be damaged."""
    counts = Counter(cell.form for cell in cells)
    total = sum(counts.values())
    usual = {form for form, count in counts.items() if count * 5 >= total}
    plain = {form[:1] for form in usual if form[:1] in "-/. "}
    # Where small numbers have zeros before them, a number without may have lost a digit.
    small = {f"{mark}{zeros}" for mark in plain for zeros in "01"} - {
        f"{form[0]}1" for form in counts if form[1:] == "0"
    }
    return frozenset(usual | plain | small | {f"{form}0" for form in usual if form in "-/. "})


def moment(written: Written, day: dt.date) -> dt.datetime:
    """The moment in UTC where time and zone are stated; else noon UTC of that day."""
    noon = dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)
    if not written.clock:
        return noon
    offset = _offset(written.zone)
    parts = re.findall(r"[0-9]+", written.clock)
    if offset is None or len(parts) < 2 or written.clock[-1:] in "mM.":
        return noon
    try:
        local = noon.replace(
            hour=int(parts[0]), minute=int(parts[1]), second=int(parts[2]) if len(parts) > 2 else 0
        )
    except ValueError:
        return noon
    return local - offset


def _offset(zone: str) -> dt.timedelta | None:
    if zone in {"Z", "UTC", "GMT"}:
        return dt.timedelta(0)
    match = _OFFSET.fullmatch(zone)
    if not match:
        return None
    offset = dt.timedelta(hours=int(match.group(2)), minutes=int(match.group(3)))
    return -offset if match.group(1) == "-" else offset


def _bare(text: str) -> tuple[tuple[Order, ...], tuple[int, int, int], str] | None:
    """Orders and numbers of a day without a time; the empty order is one in which nothing can be confused."""
    if match := _NUMERIC.fullmatch(text):
        return _numeric(*match.groups())
    if _COMPACT.fullmatch(text):
        if FIRST <= int(text[:4]) <= LAST and 1 <= int(text[4:6]) <= 12:
            return ("",), (int(text[:4]), int(text[4:6]), int(text[6:])), "8"
        return ("dmy", "mdy"), (int(text[:2]), int(text[2:4]), int(text[4:])), "8"
    return _worded(text)


def _worded(text: str) -> tuple[tuple[Order, ...], tuple[int, int, int], str] | None:
    """A day with the name of its month, or with the signs for year, month and day."""
    if match := _NAMED.fullmatch(text):
        return _named(*match.group(2, 1, 3))
    if match := _SIGNED.fullmatch(text):
        year, month, day = map(int, match.groups())
        return ("",), (year, month, day), "name"
    if match := _YEAR_FIRST.fullmatch(text):
        return _named(*match.group(2, 3, 1))
    return _named(*match.groups()) if (match := _NAME_FIRST.fullmatch(text)) else None


def _numeric(
    one: str, mark: str, two: str, three: str
) -> tuple[tuple[Order, ...], tuple[int, int, int], str] | None:
    if len(one) == 4:
        return (("",), (int(one), int(two), int(three)), "year") if len(three) <= 2 else None
    if len(one) == 3 or len(three) not in {2, 4}:
        return None
    zeros = "1" if len(one) == 1 or len(two) == 1 else "0" if "0" in (one[0], two[0]) else ""
    return ("dmy", "mdy"), (int(one), int(two), _year(int(three))), mark + zeros


def _named(name: str, day: str, year: str) -> tuple[tuple[Order, ...], tuple[int, int, int], str] | None:
    month = month_of(name)
    return (("",), (_year(int(year.lstrip("'"))), month, int(day)), "name") if month else None


def _year(number: int) -> int:
    """A year of two digits is of this century, or of the last one from 70 on."""
    if number >= 100:
        return number
    return number + (2000 if number < 70 else 1900)


@lru_cache(8192)
def _day(numbers: tuple[int, int, int], order: Order) -> dt.date | None:
    year, month, day = (numbers[place] for place in _PLACES[order])
    if not FIRST <= year <= LAST:
        return None
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None
