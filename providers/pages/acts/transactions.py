"""The page of one transaction, with its person's own note and category."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import FORM_METHODS, form_page, see_other
from dashtam.errors import DashtamError
from providers import wiring
from providers.ledger import queries as ledger_queries
from providers.ledger.queries.contents import feed_category
from providers.ledger.queries.transaction_sums import filter_choices
from providers.pages import words
from providers.pages.acts.forms import TransactionWords
from providers.pages.presentation.transactions import transaction_rows


@require_http_methods(FORM_METHODS)
@signed_in
async def transaction(request: SignedInRequest, id: UUID) -> HttpResponse:
    """All that is known of a transaction, and the form for one's own words."""
    user_id = request.principal.user_id
    row = await ledger_queries.transaction(user_id, id)
    categories = (await filter_choices(user_id))["categories"]
    sent = (request.POST,) if request.method == "POST" else ()
    form = TransactionWords(*sent, transaction=row, categories=categories)
    if form.is_valid():
        try:
            await wiring.account_service().annotate(user_id=user_id, transaction_id=id, words=form.own_words)
        except DashtamError as error:
            form.take(error)
        else:
            messages.success(request, "Saved.")
            return see_other(reverse("transaction", args=[id]))
    theirs = await feed_category(user_id, id)
    context = {
        "row": transaction_rows([row])[0],
        "account": await ledger_queries.account(user_id, row["account_id"]),
        "own_category": theirs is not None,
        "feed_category": words.category(theirs or ""),
    }
    return await form_page(request, "providers/transaction.html", form, **context)
