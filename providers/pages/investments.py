"""The page of investments: what they are worth, what they cost, and how they are spread."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.pages.access import SignedInRequest, signed_in
from dashtam.web.rendering import rendered
from providers.ledger import queries as ledger_queries
from providers.pages.presentation.investments import investment_rows
from providers.sync.queries import unfinished_syncs


@require_safe
@signed_in
async def investments(request: SignedInRequest) -> HttpResponse:
    """All holdings, in the person's currency."""
    syncing = await unfinished_syncs(request.principal.user_id)
    found = await ledger_queries.investments(request.principal.user_id, request.principal.base_currency)
    context = {"syncing": syncing, "found": found, "rows": investment_rows(found)}
    return await rendered(request, "providers/investments.html", context)
