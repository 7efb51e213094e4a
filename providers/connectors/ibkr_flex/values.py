"""Values of a Flex document: numbers and times as people choose their form in the query's settings."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

NOTHING = frozenset({"", "-", "--", "N/A", "null"})
SEVERAL = NOTHING | {"MULTI"}  # what a row says of the days or prices of all that it sums up
ZONE = ZoneInfo("America/New_York")  # Flex statements are made in it, and name no offset
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

Order = Literal["day", "month"]  # which of them comes first in 03/04/2026
ORDERS: tuple[Order, ...] = ("day", "month")

_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?([Ee][+-]?\d{1,2})?")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})")
_DAYS = (
    re.compile(r"(?P<y>\d{4})-?(?P<m>\d{2})-?(?P<d>\d{2})"),
    re.compile(r"(?P<d>\d{1,2})[- ](?P<b>[A-Za-z]{3})[- ](?P<y>\d{4}|\d{2})"),
)
_CLOCK = re.compile(r"[;, T]*(\d{2}):?(\d{2}):?(\d{2})(\.\d+)?\s*([A-Z]{1,5}|[+-]\d{2}:?\d{2})?")
_ZONES = {"": ZONE, "EST": ZONE, "EDT": ZONE, "ET": ZONE, "Z": UTC, "UTC": UTC, "GMT": UTC}


class Misread(ValueError):
    """A value that is not what its name says; the message is the name alone."""


def number(text: str) -> Decimal | None:
    """An exact number; None for what is left empty. Raises Misread."""
    if text in SEVERAL:
        return None
    if not _NUMBER.fullmatch(text) or not any(sign.isdigit() for sign in text):
        raise Misread
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise Misread from None
    return value or Decimal(0)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Reads days. With slashes, the order of day and month is what the whole document proves."""

    order: Order | None

    @classmethod
    def of(cls, texts: Iterable[str], in_order: Iterable[Sequence[str]] = ()) -> "Calendar":
        """The calendar of a document, from all that is written in it, or from days that have to follow each other."""
        found = [match for match in map(_SLASHED.match, texts) if match]
        day = any(int(match[1]) > 12 for match in found)
        month = any(int(match[2]) > 12 for match in found)
        if day != month:
            return cls("day" if day else "month")
        rows = [each for each in in_order if any(map(_SLASHED.match, each))]
        fits = [order for order in ORDERS if all(cls(order).follow(each) for each in rows)] if rows else ()
        return cls(fits[0] if len(fits) == 1 and not day else None)

    def follow(self, texts: Sequence[str]) -> bool:
        """True if these days, read so, come one after the other."""
        try:
            days = [day for text in texts if (day := self.day(text)) is not None]
        except Misread:
            return False
        return all(earlier <= later for earlier, later in pairwise(days))

    def day(self, text: str) -> date | None:
        """The day of a date or a time; None for what is left empty. Raises Misread."""
        return None if text in SEVERAL else self._split(text)[0]

    def moment(self, text: str) -> datetime | None:
        """The time, in New York where it names no zone; None if there is only a day, or nothing. Raises Misread."""
        if text in SEVERAL:
            return None
        day, rest = self._split(text)
        clock = _CLOCK.fullmatch(rest)
        zone = _zone(clock[5] or "") if clock else None
        if clock is None or zone is None:
            return None
        try:
            return datetime.combine(day, time(int(clock[1]), int(clock[2]), int(clock[3])), zone)
        except ValueError:
            raise Misread from None

    def _split(self, text: str) -> tuple[date, str]:
        """The day, and what follows it."""
        try:
            for form in _DAYS:
                if found := form.match(text):
                    parts = found.groupdict()
                    month = parts.get("m") or MONTHS.index(parts["b"].lower()) + 1
                    return date(_year(parts["y"]), int(month), int(parts["d"])), text[found.end() :]
            if found := _SLASHED.match(text):
                if self.order is None:
                    raise Misread
                day, month = (found[1], found[2]) if self.order == "day" else (found[2], found[1])
                return date(_year(found[3]), int(month), int(day)), text[found.end() :]
        except ValueError:
            raise Misread from None
        raise Misread


def _zone(name: str) -> tzinfo | None:
    """The zone of that name or offset; None for one that is not known."""
    if name[:1] in ("+", "-"):
        hours, minutes = int(name[1:3]), int(name[-2:])
        away = timedelta(hours=hours, minutes=minutes)
        return timezone(-away if name[0] == "-" else away) if away < timedelta(hours=24) else None
    return _ZONES.get(name)


def _year(text: str) -> int:
    return int(text) + (2000 if len(text) == 2 else 0)
