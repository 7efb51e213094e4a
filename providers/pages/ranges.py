"""The range a chart shows: `?range=6m`."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from accounts.pages.access import SignedInRequest
from dashtam.ui.charts import Point
from dashtam.ui.formats import date_text, money_text
from providers.ledger.intervals import Interval

# key: (on the button, in full, days back, interval of the points)
RANGES: dict[str, tuple[str, str, int, Interval]] = {
    "1m": ("1M", "1 month", 31, "day"),
    "3m": ("3M", "3 months", 92, "day"),
    "6m": ("6M", "6 months", 183, "day"),
    "1y": ("1Y", "1 year", 366, "week"),
    "2y": ("2Y", "2 years", 731, "week"),
    "all": ("All", "Everything", 20 * 366, "month"),
}
DEFAULT = "6m"


@dataclass(frozen=True, slots=True)
class Range:
    """From when to when, how closely, and the links to other ranges."""

    key: str
    start: date
    end: date
    interval: Interval
    segments: list[dict[str, Any]]


def chosen(request: SignedInRequest) -> Range:
    """The range asked for; anything else means the usual one. Days are those of the person's own zone."""
    key = request.GET.get("range", DEFAULT)
    key = key if key in RANGES else DEFAULT
    end = datetime.now(ZoneInfo(request.principal.time_zone)).date()
    _, _, days, interval = RANGES[key]
    return Range(key, end - timedelta(days=days), end, interval, _segments(request.GET, key))


def _segments(query: QueryDict, current: str) -> list[dict[str, Any]]:
    """The picker's links, which keep whatever else the address says."""
    segments = []
    for key, (text, long, _, _) in RANGES.items():
        other = query.copy()
        other["range"] = key
        segments.append(
            {"url": f"?{other.urlencode()}#chart", "text": text, "long": long, "current": key == current}
        )
    return segments


def thinned(points: list[Point], interval: Interval) -> list[Point]:
    """The last point of each day, week or month, of points in order of their days."""
    last = {_period(day, interval): (day, amount) for day, amount in points}
    return list(last.values())


def _period(day: date, interval: Interval) -> tuple[int, ...]:
    if interval == "month":
        return day.year, day.month
    if interval == "week":
        return day.isocalendar()[:2]
    return (day.toordinal(),)


def told(points: list[Point], what: str, currency: str) -> str:
    """The line in one sentence, for those who cannot see it."""
    known = [(day, amount) for day, amount in points if amount is not None]
    if not known:
        return f"{what}: nothing is known for this time yet."
    (first, start), (last, end) = known[0], known[-1]
    if first == last:
        return f"{what} on {date_text(last)}: {money_text(end, currency)}."
    verb = "rose" if end > start else "fell" if end < start else "stayed the same"
    amounts = f"at {money_text(end, currency)}"
    if start != end:
        amounts = f"from {money_text(start, currency)} to {money_text(end, currency)}"
    return f"From {date_text(first)} to {date_text(last)} {what.lower()} {verb} {amounts}."


def change(points: list[Point], currency: str) -> str:
    """`Up $1,204.00 (2.6%) since 22 May 2026`, or nothing while there is nothing to compare."""
    known = [(day, amount) for day, amount in points if amount is not None]
    if len(known) < 2:
        return ""
    (first, start), (_, end) = known[0], known[-1]
    by = end - start
    if not by:
        return f"Unchanged since {date_text(first)}"
    percent = f" ({_percent(abs(by), start)})" if start > 0 and end > 0 else ""
    return f"{'Up' if by > 0 else 'Down'} {money_text(abs(by), currency)}{percent} since {date_text(first)}"


def _percent(part: Decimal, whole: Decimal) -> str:
    return f"{part / whole * 100:,.1f}%"
