"""Intervals of a series: the days they fall on, and the calendar's months and weeks."""

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

Interval = Literal["day", "week", "month"]
Span = Literal["week", "month"]


def points(start: date, end: date, interval: Interval) -> Iterator[date]:
    """The days of the series: each, every seventh, or the last of each month; `end` is always one."""
    day = start
    while day < end:
        if interval == "month":
            day = day.replace(day=calendar.monthrange(day.year, day.month)[1])
            if day >= end:
                break
        yield day
        day += timedelta(days=7 if interval == "week" else 1)
    yield end


def first_day(day: date, span: Span) -> date:
    """The first of the day's month, or the Monday of its week (ISO 8601)."""
    return day.replace(day=1) if span == "month" else day - timedelta(days=day.weekday())


def spans(start: date, end: date, span: Span) -> Iterator[tuple[date, date]]:
    """First and last day of each month or week from `start` to `end`; the outer ones are cut at these."""
    day = start
    while day <= end:
        first = first_day(day, span)
        after = (
            first_day(first + timedelta(days=31), "month") if span == "month" else first + timedelta(days=7)
        )
        yield day, min(after - timedelta(days=1), end)
        day = after


def months_before(day: date, months: int) -> date:
    """The first of the month that lies so many months before the day's own."""
    month = day.year * 12 + day.month - 1 - months
    return date(month // 12, month % 12 + 1, 1)
