"""The page of one account: its balance over time, its holdings, and its transactions to search."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.pages.access import SignedInRequest, signed_in
from dashtam.api.paging import page
from dashtam.bridge.doors import run_db
from providers.connections import queries as connection_queries
from providers.ledger import queries as ledger_queries
from providers.ledger.queries.transactions import previous_transactions
from providers.pages import ranges, words
from providers.pages.forms import TransactionFilters
from providers.pages.paging import links
from providers.pages.presentation.accounts import kind_name
from providers.pages.presentation.history import balance_history
from providers.pages.presentation.holdings import holding_rows
from providers.pages.presentation.transactions import transaction_rows


@require_safe
@signed_in
async def account(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Balances over time, holdings, and transactions to search through."""
    user_id, range_ = request.principal.user_id, ranges.chosen(request)
    row = await ledger_queries.account(user_id, id)
    connection = await connection_queries.connection(user_id, row["connection_id"])
    days = await ledger_queries.balances(user_id, id, range_.start)
    holdings = await ledger_queries.holdings(user_id, account_id=id)
    filters = TransactionFilters(request.GET)
    found = await _transactions(request, id, filters) if filters.is_valid() else {}
    context = {
        "account": row,
        "kind_name": kind_name(row),
        "attention": words.attention(connection),
        "range": range_,
        "history": balance_history(days.results, row["currency"], range_.interval),
        "holdings": holding_rows(holdings.results),
        "filters": filters,
        "clear_url": f"{request.path}#transactions",
    }
    status = 422 if filters.errors else 200
    # On a thread: the longest page takes 16 ms of templates, for which no other request should wait.
    return await run_db(render, request, "providers/account.html", context | found, status=status)


async def _transactions(
    request: SignedInRequest, account_id: UUID, filters: TransactionFilters
) -> dict[str, Any]:
    user_id, wanted = request.principal.user_id, page(request)
    found = await ledger_queries.transactions(user_id, filters.wanted, wanted, account_id=account_id)
    newer = await previous_transactions(user_id, filters.wanted, wanted, account_id=account_id)
    urls = links(request, older=found.next_cursor, newer=newer, anchor="transactions")
    return urls | {"transactions": transaction_rows(found.results)}
