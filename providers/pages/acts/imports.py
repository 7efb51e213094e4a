"""Taking an imported file back."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import FORM_METHODS, form_page, see_other
from providers import wiring
from providers.imports import queries as import_queries
from providers.imports.errors import ImportNotTraced, ImportUnderWay
from providers.ledger import queries as ledger_queries
from providers.pages.acts.forms import UndoImport
from providers.pages.presentation.erasing import import_undo, undone_message


@require_http_methods(FORM_METHODS)
@signed_in
async def undo(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Ask for confirmation, then remove what only this file brought."""
    user_id = request.principal.user_id
    file = await import_queries.import_(user_id, id)
    back = reverse("import", args=[id])
    try:
        effect = await import_queries.import_undoing(user_id, id)
        accounts = (await ledger_queries.accounts(user_id)).results
        names = [row["name"] for row in accounts if row["id"] in effect.left_empty]
        form = UndoImport(*((request.POST,) if request.method == "POST" else ()), names=names)
        if form.is_valid():
            with_accounts = bool(form.cleaned_data.get("delete_accounts"))
            done = await wiring.import_undo_service().take_back(
                user_id=user_id, import_id=id, with_accounts=with_accounts
            )
            messages.success(request, undone_message(file, done))
            return see_other("import-new")
    except (ImportNotTraced, ImportUnderWay) as error:
        messages.warning(request, f"{error.title} {error.detail}")
        return see_other(back)
    context = {"question": import_undo(file, effect), "back_url": back}
    context["back_label"] = file["filename"] or "Imported file"
    return await form_page(request, "providers/erase.html", form, **context)
