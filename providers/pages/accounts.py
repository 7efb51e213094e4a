"""One account: what it holds, and what moved."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.pages.access import SignedInRequest, signed_in
from dashtam.api.paging import page
from dashtam.bridge.doors import run_db
from dashtam.ui.charts import Point
from providers.connections import queries as connection_queries
from providers.ledger import queries as ledger_queries
from providers.ledger.queries.transactions import previous_transactions
from providers.pages import presentation, ranges, words
from providers.pages.forms import TransactionFilters
from providers.pages.paging import links
from providers.pages.presentation import with_gains
from providers.pages.ranges import Range

Row = Mapping[str, Any]


@require_safe
@signed_in
async def account(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Balances over time, holdings, and transactions to search through."""
    user_id, shown = request.principal.user_id, ranges.chosen(request)
    row = await ledger_queries.account(user_id, id)
    place = await connection_queries.connection(user_id, row["connection_id"])
    days = await ledger_queries.balances(user_id, id, shown.start)
    holdings = await ledger_queries.holdings(user_id, account_id=id)
    filters = TransactionFilters(request.GET)
    found = await _transactions(request, id, filters) if filters.is_valid() else {}
    context = {
        "account": {**row, **_told(row, place)},
        "range": shown,
        "history": _history(days.results, row["currency"], shown),
        "holdings": with_gains(holdings.results),
        "filters": filters,
        "clear_url": f"{request.path}#transactions",
    }
    status = 422 if filters.errors else 200
    # On a thread: the longest page takes 16 ms of templates, and nobody else should wait for them.
    return await run_db(render, request, "providers/account.html", {**context, **found}, status=status)


async def _transactions(request: SignedInRequest, account_id: UUID, filters: TransactionFilters) -> Row:
    user_id, wanted = request.principal.user_id, page(request)
    found = await ledger_queries.transactions(user_id, filters.wanted, wanted, account_id=account_id)
    newer = await previous_transactions(user_id, filters.wanted, wanted, account_id=account_id)
    urls = links(request, older=found.next_cursor, newer=newer, anchor="transactions")
    return {**urls, "transactions": presentation.shown(found.results)}


def _told(row: Row, place: Row) -> Row:
    kind = row["subtype"] or row["type"]
    needs = words.attention(place)
    return {"kind_name": kind.replace("_", " ").capitalize(), "words": needs.text if needs else ""}


def _history(days: Any, currency: str, shown: Range) -> Row:
    daily: list[Point] = [(day["date"], Decimal(day["current"])) for day in reversed(days)]
    points = ranges.thinned(daily, shown.interval)
    told = ranges.told(points, "The balance", currency)
    return {"points": points, "told": told, "change": ranges.change(points, currency)}
