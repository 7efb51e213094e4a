"""The page of money in and out by month, and of spending by category."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.pages.access import SignedInRequest, signed_in
from dashtam.web.rendering import rendered
from providers.ledger import queries as ledger_queries
from providers.ledger.cash_flow.intervals import months_before
from providers.pages.presentation.cash_flow import flow_rows
from providers.pages.ranges import Segment
from providers.sync.queries import unfinished_syncs

# key: (on the button, in full, months before this one)
MONTHS = {
    "1m": ("1M", "This month", 0),
    "3m": ("3M", "3 months", 2),
    "6m": ("6M", "6 months", 5),
    "1y": ("1Y", "1 year", 11),
    "2y": ("2Y", "2 years", 23),
}
DEFAULT = "1y"


@dataclass(frozen=True, slots=True)
class Months:
    """Calendar months up to today, in the person's own time zone, and the links to all choices."""

    start: date
    end: date
    segments: list[Segment]


@require_safe
@signed_in
async def cash_flow(request: SignedInRequest) -> HttpResponse:
    """Money in and out, in the person's currency."""
    months, principal = _chosen(request), request.principal
    syncing = await unfinished_syncs(principal.user_id)
    flow = await ledger_queries.cash_flow(
        principal.user_id, months.start, months.end, "month", principal.base_currency
    )
    context = {
        "syncing": syncing,
        "flow": flow,
        "rows": flow_rows(flow),
        "months": months,
    }
    return await rendered(request, "providers/cash_flow.html", context)


def _chosen(request: SignedInRequest) -> Months:
    key = request.GET.get("range", DEFAULT)
    key = key if key in MONTHS else DEFAULT
    end = datetime.now(ZoneInfo(request.principal.time_zone)).date()
    segments = [
        Segment(f"?range={each}#chart", text, long, each == key) for each, (text, long, _) in MONTHS.items()
    ]
    return Months(months_before(end, MONTHS[key][2]), end, segments)
