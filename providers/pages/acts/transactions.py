"""The page of one transaction: its person's own words beside the feed's, and the ways to put it aside."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import FORM_METHODS, form_page, next_page, see_other
from dashtam.errors import DashtamError, NotFound
from providers import wiring
from providers.ledger import queries as ledger_queries
from providers.ledger.queries.one_transaction import transaction_in_full
from providers.ledger.queries.transaction_sums import filter_choices
from providers.pages import words
from providers.pages.acts.forms import TransactionWords
from providers.pages.presentation.transactions import transaction_rows

PUT_ASIDE = {
    "hide": "It is hidden from lists and totals. You find it under Hidden and deleted.",
    "delete": "It is deleted, and no update brings it back. You can, under Hidden and deleted.",
    "back": "It is in your lists and totals again.",
}


@require_http_methods(FORM_METHODS)
@signed_in
async def transaction(request: SignedInRequest, id: UUID) -> HttpResponse:
    """All that is known of a transaction, and the form for one's own words."""
    user_id = request.principal.user_id
    row = await transaction_in_full(user_id, id, deleted=True)
    categories = (await filter_choices(user_id))["categories"]
    sent = (request.POST,) if request.method == "POST" else ()
    form = TransactionWords(*sent, transaction=row, categories=categories)
    if form.is_valid():
        try:
            service = wiring.transaction_service()
            await service.change(user_id=user_id, transaction_id=id, changes=form.changes)
        except DashtamError as error:
            form.take(error)
        else:
            messages.success(request, "Saved.")
            return see_other(reverse("transaction", args=[id]))
    context = {
        "row": transaction_rows([row])[0],
        "account": await ledger_queries.account(user_id, row["account_id"]),
        "restorable": list(_restorable(row)),
    }
    return await form_page(request, "providers/transaction.html", form, **context)


@require_POST
@signed_in
async def put_aside(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Hide or delete a transaction, or bring it back."""
    service, which = (
        wiring.transaction_service(),
        {"user_id": request.principal.user_id, "transaction_id": id},
    )
    act = request.POST.get("act", "")
    if act == "hide":
        await service.change(**which, changes={"hidden": True})
    elif act == "delete":
        await service.delete(**which)
    elif act == "back":
        await service.bring_back(**which)
    else:
        raise NotFound
    messages.success(request, PUT_ASIDE[act])
    return see_other(next_page(request, request.POST.get("next", "") or reverse("transaction", args=[id])))


def _restorable(row: Any) -> Any:
    """The fields that show the person's word, with the word that comes back."""
    for field in row["edited"]:
        if field != "note" and row["feed"] is not None:
            theirs = row["feed"][field]
            yield {"field": field, "theirs": words.category(theirs) if field == "category" else theirs}
