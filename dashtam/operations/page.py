"""The operations page: review criteria, charts over time, and gauges of waiting work."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from dashtam.operations import criteria
from dashtam.telemetry import metrics
from dashtam.telemetry.samples import Sample, steps
from dashtam.telemetry.sums import Numbers, added, quantile
from dashtam.ui.time_charts import Line, time_chart

REFRESH_SECONDS = 10
WINDOWS = {60: "1 minute", 300: "5 minutes", 3600: "1 hour"}
LONGEST_WINDOW = 86_400
Step = tuple[datetime, Numbers]


@dataclass(frozen=True, slots=True)
class Range:
    """A range of the charts: its length, and the length of each point."""

    name: str
    length: timedelta
    step: timedelta
    coarse: bool = True


RANGES = {
    "quarter": Range("15 minutes", timedelta(minutes=15), timedelta(seconds=10), coarse=False),
    "hour": Range("1 hour", timedelta(hours=1), timedelta(seconds=30), coarse=False),
    "day": Range("1 day", timedelta(days=1), timedelta(minutes=10)),
    "fortnight": Range("2 weeks", timedelta(days=14), timedelta(hours=2)),
}


def page(request: HttpRequest) -> HttpResponse:
    """Render the page for superusers and the role Operations. `?window=` is in seconds; browsers reload it."""
    if not request.user.has_perm(settings.OPERATIONS_PERMISSION):
        raise PermissionDenied
    window = _window(request.GET.get("window", ""))
    chosen = request.GET.get("range", "")
    shown = RANGES.get(chosen, RANGES["quarter"])
    context = {
        **admin.site.each_context(request),
        "title": "Operations",
        "window": window,
        "window_words": WINDOWS.get(window, f"{window} seconds"),
        "windows": WINDOWS.items(),
        "ranges": RANGES.items(),
        "range": chosen if chosen in RANGES else "quarter",
        "range_words": shown.name,
        "criteria": list(criteria.judge(_sum_of(window), window)),
        "charts": list(_charts(shown)),
        "gauges": [_table(metric) for gauge in metrics.gauges for metric in gauge()],
        "refreshes": request.GET.get("refresh") != "off",
        "now": timezone.now(),
    }
    response = TemplateResponse(request, "admin/operations.html", context)
    if context["refreshes"]:
        response["Refresh"] = str(REFRESH_SECONDS)
    return response


def _window(given: str) -> int:
    seconds = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 0
    return min(max(seconds, 5), LONGEST_WINDOW) if seconds else 300


def _sum_of(seconds: int) -> Numbers:
    begin = timezone.now() - timedelta(seconds=seconds)
    recent = Sample.objects.filter(at__gt=begin).exclude(process=Sample.ALL)
    return added((numbers for _, numbers in steps(recent, timedelta(seconds=5))), at_once=False)


def _charts(shown: Range) -> Iterator[tuple[str, SafeString]]:
    end = timezone.now()
    begin = end - shown.length
    samples = Sample.objects.filter(at__gt=begin)
    whole = samples.filter(process=Sample.ALL) if shown.coarse else samples.exclude(process=Sample.ALL)
    found: list[Step] = list(steps(whole, shown.step))
    seconds = shown.step.total_seconds()
    frame: dict[str, Any] = {"begin": begin, "end": end, "gap": max(4 * shown.step, timedelta(minutes=1))}
    p50, p95, p99 = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    yield _chart(
        [Line(name, _quantiles(found, "requests", share)) for name, share in (p50, p95, p99)],
        title="Requests",
        unit="seconds",
        limit=criteria.SLOW_REQUEST_SECONDS,
        **frame,
    )
    yield _chart(
        [Line(name, _quantiles(found, "sign_ins", share)) for name, share in (p50, p95)],
        title="Signing in",
        unit="seconds",
        limit=criteria.SLOW_SIGN_IN_SECONDS,
        **frame,
    )
    yield _chart(
        [
            Line("under way", _plain(found, "signing_in_peak")),
            Line("turned away", _plain(found, "hash_refused")),
        ],
        title="People who sign in",
        unit="people",
        **frame,
    )
    yield _chart(
        [
            Line("hashing", _plain(found, "cpu_hashing", seconds)),
            Line("the rest", _plain(found, "cpu_rest", seconds)),
        ],
        title="Processor",
        unit="cores",
        **frame,
    )
    yield _chart(
        [
            Line("loop p99", _quantiles(found, "loop_lag", 0.99)),
            Line("database p99", _quantiles(found, "database_wait", 0.99)),
        ],
        title="Waiting for the event loop and for a database thread",
        unit="seconds",
        **frame,
    )
    yield _chart(
        [Line("answered", _plain(found, "provider_ok")), Line("failed", _plain(found, "provider_failed"))],
        title="Calls to institutions",
        unit="calls",
        **frame,
    )


def _chart(lines: list[Line], *, title: str, **frame: Any) -> tuple[str, SafeString]:
    return title, time_chart(lines, title=title, **frame)


def _quantiles(found: list[Step], name: str, share: float) -> list[tuple[datetime, float | None]]:
    spreads = ((at, numbers.get(name)) for at, numbers in found)
    return [(at, quantile(spread, share) if isinstance(spread, list) else None) for at, spread in spreads]


def _plain(found: list[Step], name: str, divisor: float = 1) -> list[tuple[datetime, float | None]]:
    counts = ((at, numbers.get(name, 0)) for at, numbers in found)
    return [(at, None if isinstance(count, list) else count / divisor) for at, count in counts]


def _table(metric: Any) -> dict[str, Any]:
    """A metric as a caption and rows."""
    rows = [(" ".join(sample.labels.values()) or "now", sample.value) for sample in metric.samples]
    return {"words": metric.documentation, "rows": rows, "seconds": metric.name.endswith("_seconds")}
