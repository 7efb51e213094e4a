"""All transactions of a person, to filter, page through and download; the page of one account shows the same list."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import see_other
from dashtam.api.paging import page
from dashtam.web.rendering import rendered
from providers.ledger import queries as ledger_queries
from providers.ledger.queries.transaction_sums import MOST_ADDED, NOTHING, Sums, filter_choices, sums
from providers.ledger.queries.transactions import previous_transactions, transactions_in_parts
from providers.pages.forms import TransactionFilters
from providers.pages.paging import links
from providers.pages.presentation.filters import active_filters
from providers.pages.presentation.tables import spreadsheet
from providers.pages.presentation.transactions import transaction_rows
from providers.sync.queries import unfinished_syncs

ANCHOR = "transactions"


@require_safe
@signed_in
async def transactions(request: SignedInRequest) -> HttpResponse:
    """All transactions, narrowed down by the filters in the URL."""
    syncing = await unfinished_syncs(request.principal.user_id)
    choices = await filter_choices(request.principal.user_id, with_sums=not request.GET)
    filters = TransactionFilters(request.GET, choices=choices)
    context = await transaction_list(request, filters, accounts=choices["accounts"], totals=choices["sums"])
    context |= {"accounts": choices["accounts"], "syncing": syncing}
    status = 422 if filters.errors else 200
    return await rendered(request, "providers/transactions.html", context, status=status)


@require_safe
@signed_in
async def transactions_csv(request: SignedInRequest) -> HttpResponseBase:
    """The same transactions as a file, made part by part. Filters that are wrong lead to the page that says so."""
    user_id = request.principal.user_id
    choices = await filter_choices(user_id)
    filters = TransactionFilters(request.GET, choices=choices)
    if not filters.is_valid():
        return see_other(f"{reverse('transactions')}?{request.GET.urlencode()}")
    parts = transactions_in_parts(user_id, filters.wanted, account_id=filters.account_id)
    first = await anext(parts)  # what it may raise has a page of its own; later it would break off the file
    names = {account["id"]: account["name"] for account in choices["accounts"]}
    response = StreamingHttpResponse(_file(first, parts, names), content_type="text/csv; charset=utf-8")
    name = f"dashtam-transactions-{timezone.now():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


async def _file(
    first: Sequence[Any], rest: AsyncIterator[Sequence[Any]], names: Mapping[UUID, str]
) -> AsyncIterator[bytes]:
    yield spreadsheet.header() + spreadsheet.lines(first, names)
    async for part in rest:
        yield spreadsheet.lines(part, names)


async def transaction_list(
    request: SignedInRequest,
    filters: TransactionFilters,
    *,
    account_id: UUID | None = None,
    accounts: Iterable[Mapping[str, Any]] = (),
    totals: Sums | None = None,
) -> dict[str, Any]:
    """The context of `providers/_transaction_list.html`: one page of the matching transactions, and their sums.

    `account_id` is that of the page of one account; `accounts` gives the rows their accounts' names, and `totals` are
    the sums if they are known already.
    """
    context = {
        "filters": filters,
        "active_filters": active_filters(request, filters, ANCHOR),
        "clear_url": f"{request.path}#{ANCHOR}",
        "csv_url": _csv_url(request, account_id),
    }
    if not filters.is_valid():
        return context
    return context | await _found(request, filters, account_id, accounts, totals)


async def _found(
    request: SignedInRequest,
    filters: TransactionFilters,
    account_id: UUID | None,
    accounts: Iterable[Mapping[str, Any]],
    totals: Sums | None,
) -> dict[str, Any]:
    user_id, wanted, account_id = request.principal.user_id, page(request), account_id or filters.account_id
    found = await ledger_queries.transactions(user_id, filters.wanted, wanted, account_id=account_id)
    newer = await previous_transactions(user_id, filters.wanted, wanted, account_id=account_id)
    if totals is None:
        totals = await sums(user_id, filters.wanted, account_id=account_id) if found.results else NOTHING
    return {
        "transactions": transaction_rows(found.results, accounts),
        "sums": totals["by_currency"],
        "count": sum(each["count"] for each in totals["by_currency"]),
        "too_many_to_add": MOST_ADDED if totals["too_many"] else None,
        **links(request, older=found.next_cursor, newer=newer, anchor=ANCHOR),
    }


def _csv_url(request: SignedInRequest, account_id: UUID | None) -> str:
    kept = [(name, value) for name, value in request.GET.items() if value and name not in {"cursor", "range"}]
    if account_id is not None:
        kept.append(("account", str(account_id)))
    return reverse("transactions-csv") + (f"?{urlencode(kept)}" if kept else "")
