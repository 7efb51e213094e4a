"""The page of a transaction's history: its sources, what changed, why, and what can be undone."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import see_other
from dashtam.errors import NotFound
from dashtam.web.rendering import rendered
from providers import wiring
from providers.ledger.queries.one_transaction import TransactionInFull, transaction_in_full
from providers.ledger.queries.row_history import row_history
from providers.pages.presentation.transactions import transaction_rows
from providers.pages.review.words import steps


@require_safe
@signed_in
async def history(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Everything that was said about a transaction, also of one that no source states any more."""
    user_id = request.principal.user_id
    found = await row_history(user_id, id)
    try:
        row: TransactionInFull | None = await transaction_in_full(user_id, id, deleted=True)
    except NotFound:
        row = None
    context = {
        "id": id,
        "row": transaction_rows([row])[0] if row else None,
        "history": found,
        "steps": steps(found["entries"]),
    }
    return await rendered(request, "providers/history.html", context)


@require_POST
@signed_in
async def undo(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Take back an entry of the history."""
    user_id, entry = request.principal.user_id, request.POST.get("entry", "")
    await wiring.transaction_service().undo(user_id=user_id, transaction_id=id, entry=entry)
    messages.success(request, "That is undone.")
    return see_other(reverse("transaction-history", args=[id]))
