"""The first page: what one owns and owes, and what needs one's attention."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.pages.access import SignedInRequest, signed_in
from dashtam.api.paging import Page
from dashtam.ui.charts import Point
from providers.connections import queries as connection_queries
from providers.ledger import queries as ledger_queries
from providers.ledger.queries.accounts import trends
from providers.pages import presentation, ranges, words
from providers.pages.presentation import grouped, largest
from providers.pages.ranges import Range
from providers.sync.queries import unfinished_syncs

Row = Mapping[str, Any]
LATEST = 10
TOP = 5
TREND = timedelta(days=30)


@require_safe
@signed_in
async def dashboard(request: SignedInRequest) -> HttpResponse:
    """Net worth, accounts, holdings, latest transactions."""
    shown = ranges.chosen(request)
    rows = (await connection_queries.connections(request.principal.user_id)).results
    alive = [row for row in rows if row["state"] not in ("pending", "disconnected")]
    accounts = (await ledger_queries.accounts(request.principal.user_id)).results
    context = {
        "attention": [item for row in alive if (item := words.attention(row))],
        "syncing": await unfinished_syncs(request.principal.user_id),
        "empty": not alive and not accounts,
        "range": shown,
    }
    if accounts:
        context |= await _numbers(request, shown, accounts)
    return render(request, "providers/dashboard.html", context)


async def _numbers(request: SignedInRequest, shown: Range, accounts: Any) -> Row:
    user_id, currency = request.principal.user_id, request.principal.base_currency
    worth = await ledger_queries.net_worth(user_id, shown.start, None, shown.interval, currency)
    recent = await trends(user_id, shown.end - TREND)
    latest = await ledger_queries.transactions(user_id, page=Page(LATEST))
    holdings = await ledger_queries.holdings(user_id)
    open_accounts = [{**row, "trend": recent.get(row["id"])} for row in accounts if not row["closed_at"]]
    return {
        "worth": _worth(worth),
        "groups": grouped(open_accounts),
        "holdings": largest(holdings.results, currency, TOP),
        "transactions": presentation.shown(latest.results, accounts),
    }


def _worth(worth: ledger_queries.NetWorth) -> Row | None:
    """The net worth with its line; None while no balance is known in any currency."""
    if worth["as_of"] is None:
        return None
    points: list[Point] = [(day["date"], Decimal(day["total"])) for day in worth["series"]]
    told = ranges.told(points, "Net worth", worth["currency"])
    return dict(worth) | {"points": points, "told": told, "change": ranges.change(points, worth["currency"])}
