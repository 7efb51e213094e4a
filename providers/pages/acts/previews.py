"""A table before it is imported: its first rows, and the corrections of its person."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import FORM_METHODS, form_page, see_other
from dashtam.errors import DashtamError
from providers import wiring
from providers.formats.csv.understanding import Preview
from providers.imports.errors import StatementUnreadable
from providers.imports.models import FileImport
from providers.ledger import queries as ledger_queries
from providers.pages.acts.preview_form import PreviewForm, digest, layout_in
from providers.pages.acts.preview_questions import turned
from providers.pages.acts.preview_view import preview_view


@require_http_methods(FORM_METHODS)
@signed_in
async def preview(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Show the table as it is read with the corrections that were sent, or import it so."""
    user_id = request.principal.user_id
    sent = request.POST if request.method == "POST" else None
    look = await _look(user_id, id, turned(sent) if sent is not None else None)
    accounts = (await ledger_queries.accounts(user_id)).results
    chosen = str(look.file.target_id or (PreviewForm.NEW if look.file.new_account else ""))
    if not chosen and not look.preview.accounts:
        before = await wiring.preview_service().went_to(user_id=user_id, preview=look.preview)
        chosen = before if before in {str(row["id"]) for row in accounts} else ""
    form = PreviewForm(look.sent, preview=look.preview, accounts=accounts, chosen=chosen)
    if look.sent is not None and look.sent.get("act") == "import" and form.is_valid():
        done = await _confirmed(user_id, look, form)
        if done is not None:
            return see_other(reverse("import", args=[done.id]))
    seen = digest(layout_in(look.sent if look.sent is not None else form.as_sent()))
    view = preview_view(look.preview, form.asked_now)
    context: dict[str, Any] = {"view": view, "file": look.file, "problem": look.problem, "seen": seen}
    return await form_page(request, "providers/import_preview.html", form, **context)


@dataclass(slots=True)
class _Look:
    """The table as it is read, and the form as it was sent; None where that could not be used."""

    file: FileImport
    preview: Preview
    sent: QueryDict | None
    problem: str = ""


async def _look(user_id: UUID, id: UUID, sent: QueryDict | None) -> _Look:
    """The table with the corrections that were sent; without them, where it cannot be read so."""
    service = wiring.preview_service()
    corrections = layout_in(sent) if sent is not None else None
    try:
        return _Look(*await service.look(user_id=user_id, import_id=id, corrections=corrections), sent)
    except StatementUnreadable as error:
        if sent is None:
            raise
        told = f"{error.title} {error.detail}"
        return _Look(*await service.look(user_id=user_id, import_id=id), None, told)


async def _confirmed(user_id: UUID, look: _Look, form: PreviewForm) -> FileImport | None:
    """The import, of what its person has seen; None if something is to be looked at first."""
    if look.preview.understanding.questions:
        return None
    if not form.has_seen_it:
        look.problem = "This is how the rows look with your answers. If they are right, import them."
        return None
    try:
        return await wiring.preview_service().confirm(
            user_id=user_id,
            import_id=look.file.id,
            corrections=layout_in(form.data),
            account_id=form.target_id,
            new_account=form.wants_new_account,
            account_name=form.new_name,
        )
    except DashtamError as error:
        form.take(error)
        return None
