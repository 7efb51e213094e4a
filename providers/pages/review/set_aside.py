"""The page of transactions that their person has hidden or deleted."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.pages.access import SignedInRequest, signed_in
from dashtam.api.paging import page
from dashtam.web.rendering import rendered
from providers.ledger import queries as ledger_queries
from providers.ledger.queries import one_transaction
from providers.pages.paging import links
from providers.pages.presentation.transactions import transaction_rows


@require_safe
@signed_in
async def set_aside(request: SignedInRequest) -> HttpResponse:
    """Hidden and deleted transactions, newest first, each with its way back."""
    user_id, wanted = request.principal.user_id, page(request)
    found = await one_transaction.set_aside(user_id, wanted)
    accounts = (await ledger_queries.accounts(user_id)).results if found.results else []
    context = {
        "rows": transaction_rows(found.results, accounts),
        **links(request, older=found.next_cursor, newer="" if wanted.after else None, anchor="main"),
    }
    return await rendered(request, "providers/set_aside.html", context)
