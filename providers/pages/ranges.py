"""The range of days that a chart shows: `?range=6m`."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import QueryDict

from accounts.pages.access import SignedInRequest
from providers.ledger.cash_flow.intervals import Interval

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
class Segment:
    """A link to a range; `long` is its name in full."""

    url: str
    text: str
    long: str
    current: bool


@dataclass(frozen=True, slots=True)
class Range:
    """Days from `start` to `end`, the interval of the chart's points, and the links to all ranges."""

    key: str
    start: date
    end: date
    interval: Interval
    segments: list[Segment]


def today(time_zone: str) -> date:
    """The day that it is where the person is."""
    return datetime.now(ZoneInfo(time_zone)).date()


def chosen(request: SignedInRequest) -> Range:
    """The range that the URL names, or else the default. Days are those of the person's own time zone."""
    key = request.GET.get("range", DEFAULT)
    key = key if key in RANGES else DEFAULT
    end = today(request.principal.time_zone)
    _, _, days, interval = RANGES[key]
    return Range(key, end - timedelta(days=days), end, interval, _segments(request.GET, key))


def _segments(query: QueryDict, current: str) -> list[Segment]:
    """The links of the picker, which keep all other parameters of the URL."""
    segments = []
    for key, (text, long, _, _) in RANGES.items():
        other = query.copy()
        other["range"] = key
        segments.append(Segment(f"?{other.urlencode()}#chart", text, long, key == current))
    return segments
