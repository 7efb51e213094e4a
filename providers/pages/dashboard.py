"""The dashboard: net worth, accounts, and the connections that need the person's attention."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.pages.access import SignedInRequest, signed_in
from dashtam.api.paging import Page
from dashtam.web.rendering import rendered
from providers.connections import queries as connection_queries
from providers.ledger import queries as ledger_queries
from providers.ledger.queries.accounts import trends
from providers.pages import ranges, words
from providers.pages.presentation.accounts import account_groups
from providers.pages.presentation.connections import connection_name, in_use
from providers.pages.presentation.history import net_worth_history
from providers.pages.presentation.holdings import most_valuable
from providers.pages.presentation.own_choices import account_lists
from providers.pages.presentation.transactions import transaction_rows
from providers.pages.ranges import Range
from providers.sync.queries import unfinished_syncs

LATEST = 10
TOP = 5
TREND = timedelta(days=30)


@require_safe
@signed_in
async def dashboard(request: SignedInRequest) -> HttpResponse:
    """Net worth, accounts, holdings, latest transactions."""
    user_id, range_ = request.principal.user_id, ranges.chosen(request)
    syncing = await unfinished_syncs(user_id)
    connections = (await connection_queries.connections(user_id)).results
    accounts = (await ledger_queries.accounts(user_id)).results
    context = {
        "attention": words.most_urgent_first(
            item for row in connections if (item := words.attention(row, connection_name(row)))
        ),
        "syncing": syncing,
        "empty": not in_use(connections) and not accounts,
        "range": range_,
    }
    if accounts:
        context |= await _numbers(request, range_, accounts)
    return await rendered(request, "providers/dashboard.html", context)


async def _numbers(request: SignedInRequest, range_: Range, accounts: Any) -> dict[str, Any]:
    user_id, currency = request.principal.user_id, request.principal.base_currency
    zone = request.principal.time_zone
    worth = await ledger_queries.net_worth(user_id, range_.start, None, range_.interval, currency, zone)
    recent = await trends(user_id, range_.end - TREND)
    latest = await ledger_queries.transactions(user_id, page=Page(LATEST))
    holdings = await ledger_queries.holdings(user_id, lots=False)
    lists = account_lists(accounts, show_hidden=request.GET.get("hidden") == "true")
    return {
        "lists": lists,
        "worth": worth if worth["as_of"] else None,
        "history": net_worth_history(worth),
        "groups": account_groups(lists.open, recent, ZoneInfo(zone)),
        "holdings": most_valuable(holdings.results, accounts, currency, TOP),
        "transactions": transaction_rows(latest.results, accounts),
    }
