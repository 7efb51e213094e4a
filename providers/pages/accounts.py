"""The page of one account: its balance over time, its holdings, and its transactions to search."""

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import see_other
from dashtam.web.rendering import rendered
from providers.connections import queries as connection_queries
from providers.imports.periods import uncovered
from providers.ledger import queries as ledger_queries
from providers.ledger.queries.proof import proof
from providers.ledger.queries.transaction_sums import filter_choices
from providers.pages import ranges, words
from providers.pages.acts.forms import AccountSettings
from providers.pages.forms import TransactionFilters
from providers.pages.presentation.accounts import kind_name, lacks, stale_balance
from providers.pages.presentation.history import balance_history
from providers.pages.presentation.holdings import holding_rows
from providers.pages.presentation.lots import lots_of
from providers.pages.review.proof import days_of_proof, without_files
from providers.pages.transactions import transaction_list
from providers.sync.queries import unfinished_syncs


@require_safe
@signed_in
async def account(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Balances over time, holdings, and transactions to search through."""
    user_id, range_ = request.principal.user_id, ranges.chosen(request)
    under_way = await unfinished_syncs(user_id)
    row = await ledger_queries.account(user_id, id)
    if row["same_as"] is not None:
        return see_other(reverse("account", args=[row["same_as"]]))
    connection = await connection_queries.connection(user_id, row["connection_id"])
    days = await ledger_queries.balances(user_id, id, range_.start)
    holdings = await ledger_queries.holdings(user_id, account_id=id)
    filters = TransactionFilters(request.GET, choices=await filter_choices(user_id), one_account=True)
    found = await transaction_list(request, filters, account_id=id)
    syncing = [run for run in under_way if run["connection_id"] == row["connection_id"]]
    standing = await proof(user_id, id, range_.start, range_.end)
    context = {
        "account": row,
        "syncing": syncing,
        "kind_name": kind_name(row),
        "lacks": lacks(row),
        "stale": stale_balance(row, timezone.now()),
        "attention": words.attention(connection),
        "range": range_,
        "form": AccountSettings(account=row),
        "history": balance_history(days.results, row["currency"], range_.interval),
        "proof": days_of_proof(standing),
        "without_files": without_files(standing, await uncovered(user_id, id)),
        "holdings": holding_rows(holdings.results, row["provider"]),
        "lots": lots_of(holdings.results),
    }
    status = 422 if filters.errors else 200
    return await rendered(request, "providers/account.html", context | found, status=status)
