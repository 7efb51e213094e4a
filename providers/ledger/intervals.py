"""Intervals of a series, and the days they fall on."""

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

Interval = Literal["day", "week", "month"]


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
