"""Days and amounts of QIF. How a file writes them is decided on all of it, as no single value can tell."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from providers.formats.csv.words.months import month_of
from providers.formats.errors import StatementUncertainError
from providers.formats.options import DateOrder
from providers.formats.values import BadValueError, clean_text

_ISO = re.compile(r"([0-9]{4})[-/. ]\s*([0-9]{1,2})[-/. ]\s*([0-9]{1,2})")
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})([01][0-9])([0-3][0-9])")
_PARTS = re.compile(
    r"\s*([0-9]{1,2})\s*[-/. ]\s*([0-9]{1,2})\s*([-/. ']?\s*')?[-/. ]?\s*([0-9]{4}|[0-9]{1,2})"
)
_NAMED = re.compile(r"([0-9]{1,2})[-/. ]*([^\W\d_]{3,13})[-/. ,']*([0-9]{4}|[0-9]{2})")
_TIME = re.compile(r"(.{6,20}?)[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?")
_NUMBER = re.compile(r"([-+]?)([0-9.,' \u00a0\u202f]{1,60})([-+]?)")
_SIGN = re.compile("[$€£]")
_PLAIN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,2})?")
_COMMA_CENTS = re.compile(r"[-+]?[0-9.' \u00a0]*,[0-9]{1,2}[-+]?")
_POINT_CENTS = re.compile(r"[-+]?[0-9,' \u00a0]*\.[0-9]{1,2}[-+]?")


@dataclass(frozen=True, slots=True)
class Habits:
    """How one file writes days and amounts. `day_first` is None where it makes no difference."""

    day_first: bool | None
    decimal_commas: bool | None


def habits_of(dates: Iterable[str], amounts: Iterable[str], chosen: DateOrder) -> Habits:
    """The habits of a file. Raises StatementUncertainError where day and month cannot be told apart."""
    return Habits(_day_first(dates, chosen), _decimal_commas(amounts))


def _day_first(dates: Iterable[str], chosen: DateOrder) -> bool | None:
    first = second = doubtful = False
    for text in set(dates):
        match = _parts(text)
        if match is None:
            continue
        one, other = int(match.group(1)), int(match.group(2))
        first |= one > 12
        second |= other > 12
        doubtful |= one != other
    if first and second:
        raise StatementUncertainError(
            "Some of its days are written with the day first and some with the month first, so none is certain. "
            "Export it again with dates such as 2026-01-31.",
            question="date_order",
        )
    if first or second:
        return first
    if not doubtful:
        return None
    if chosen:
        return chosen == "day_first"
    raise StatementUncertainError(
        "Its dates can be read with the day or with the month first, such as 05/06, and nothing in it tells which is "
        "right. Say which comes first.",
        question="date_order",
    )


def _parts(text: str) -> re.Match[str] | None:
    text = _without_time(text)
    if _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        return None
    return _PARTS.fullmatch(text)


def _without_time(text: str) -> str:
    match = _TIME.fullmatch(text) if ":" in text else None
    return match.group(1) if match else text


def _decimal_commas(amounts: Iterable[str]) -> bool | None:
    """True if a comma can only be the decimal mark, False if a point can only be; None if the file tells neither."""
    commas = points = False
    for written in amounts:
        text = written if _PLAIN.fullmatch(written) else _bare(written)
        if not commas and "," in text:
            commas = _COMMA_CENTS.fullmatch(text) is not None
        if not points and "." in text:
            points = _POINT_CENTS.fullmatch(text) is not None
    return commas if commas != points else None


def parse_day(text: str, habits: Habits) -> dt.date:
    """A day as the file writes them. Raises BadValueError."""
    return _day(_without_time(text), habits)


@lru_cache(4096)  # a file has many rows of few days
def _day(text: str, habits: Habits) -> dt.date:
    if match := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        return _date(text, *(int(part) for part in match.groups()))
    if match := _NAMED.fullmatch(text):
        month = month_of(match.group(2))
        if month is not None:
            return _date(text, _year(match.group(3), apostrophe=False), month, int(match.group(1)))
    match = _PARTS.fullmatch(text)
    if match is None:
        raise BadValueError(f"“{clean_text(text, 40)}” is not a date.")
    one, other = int(match.group(1)), int(match.group(2))
    year = _year(match.group(4), apostrophe=match.group(3) is not None)
    return _date(text, year, other, one) if habits.day_first else _date(text, year, one, other)


def _year(text: str, *, apostrophe: bool) -> int:
    """The full year: after an apostrophe always of this century, else up to 1950 back."""
    number = int(text)
    if len(text) == 4:
        return number
    return number + (2000 if apostrophe or number < 50 else 1900)


def _date(text: str, year: int, month: int, day: int) -> dt.date:
    try:
        found = dt.date(year, month, day)
    except ValueError:
        raise BadValueError(f"“{clean_text(text, 40)}” is not a date in the calendar.") from None
    if not 1900 <= year < 2200:
        raise BadValueError(f"“{clean_text(text, 40)}” is not a plausible date.")
    return found


def parse_amount(text: str, habits: Habits) -> Decimal:
    """An exact number. Raises BadValueError for one that has two readings."""
    if _PLAIN.fullmatch(text) and not (habits.decimal_commas and "." in text):
        return Decimal(text) or Decimal(text).copy_abs()
    cleaned = _bare(text)
    match = _NUMBER.fullmatch(cleaned)
    if match is None or not any(char.isdigit() for char in cleaned) or (match.group(1) and match.group(3)):
        raise BadValueError(f"“{clean_text(text, 40)}” is not a number.")
    before, digits, after = match.groups()
    mark = _mark(digits, habits)
    if mark is None:
        raise BadValueError(f"“{clean_text(text, 40)}” could be read as two different numbers.")
    whole, _, fraction = digits.rpartition(mark) if mark and mark in digits else (digits, "", "")
    groups = re.split(r"[.,' \u00a0\u202f]", whole.strip())
    if not _grouped(groups) or (fraction and not fraction.isdigit()):
        raise BadValueError(f"“{clean_text(text, 40)}” is not a number.")
    number = "".join(groups)
    if len(number) > 32 or len(fraction) > 32:
        raise BadValueError(f"“{clean_text(text, 40)}” has more digits than any amount of money.")
    sign = "-" if "-" in {before, after} else ""
    value = Decimal(f"{sign}{number or 0}.{fraction}" if fraction else f"{sign}{number or 0}")
    return value or value.copy_abs()


def _bare(text: str) -> str:
    """An amount without the sign of its currency; one in parentheses is negative."""
    cleaned = _SIGN.sub("", clean_text(text, 80).replace("\u2212", "-")).strip()
    return f"-{cleaned[1:-1].strip()}" if cleaned[:1] + cleaned[-1:] == "()" else cleaned


def _grouped(groups: list[str]) -> bool:
    """True for one group of digits, or several as thousands are grouped: 1 234 567, and 12 34 567 in India."""
    head, *middle = groups
    if not middle:
        return True
    return 1 <= len(head) <= 3 and len(middle[-1]) == 3 and all(len(part) in {2, 3} for part in middle)


def _mark(digits: str, habits: Habits) -> str | None:
    """The decimal mark of a number; empty if it has none, None if it is not certain."""
    points, commas, decimal_commas = digits.count("."), digits.count(","), habits.decimal_commas
    if points and commas:
        last = "." if digits.rfind(".") > digits.rfind(",") else ","
        fits = decimal_commas in {None, last == ","}
        return last if fits and digits.count(last) == 1 else None
    if points + commas != 1:
        return ""  # none, or groups of thousands
    mark = "." if points else ","
    whole, _, fraction = digits.rpartition(mark)
    if decimal_commas is None:
        return mark if len(fraction) != 3 or not whole.strip("0") else None
    if decimal_commas == (mark == ","):
        return mark
    return "" if len(fraction) == 3 else None
