"""Statement files: the form to import some, and the page of a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import form_page, see_other
from dashtam.api.paging import page
from dashtam.errors import DashtamError
from dashtam.web.rendering import rendered
from providers import wiring
from providers.imports import queries as import_queries
from providers.imports.models import FileImport
from providers.imports.statement_accounts import ImportRefused
from providers.ledger import queries as ledger_queries
from providers.pages.forms import StatementFile
from providers.pages.paging import links
from providers.pages.presentation.imports import brought, import_row, statement_rows

LATEST = 10


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
async def new(request: SignedInRequest) -> HttpResponse:
    """The form; an error stands beside the field it is about."""
    user_id = request.principal.user_id
    accounts = (await ledger_queries.accounts(user_id)).results
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = StatementFile(*sent, accounts=accounts)
    if form.is_valid():
        files: Sequence[UploadedFile[bytes]] = form.cleaned_data["file"]
        if len(files) > 1:
            return await _several(request, user_id, form, files)
        try:
            return see_other(_page_of(await _taken(user_id, form, files[0])))
        except ImportRefused as error:  # about the account; the browser has dropped the file meanwhile
            field = "currency" if error.code == "currency_unknown" else "account_id"
            form.add_error(field, f"{error.title} {error.detail} Then choose the file again.")
        except DashtamError as error:
            uncertain = error.code == "uncertain" and not form.cleaned_data["date_order"]
            again = " Then choose the file again." if uncertain else ""
            form.add_error("date_order" if uncertain else "file", f"{error.title} {error.detail}{again}")
    return await _with_those_before(request, form)


async def _with_those_before(request: SignedInRequest, form: StatementFile) -> HttpResponse:
    """The form, what waits, and a page of the imports before."""
    user_id = request.principal.user_id
    wanted = replace(page(request), limit=LATEST)
    before = await import_queries.imports(user_id, wanted, previews=False)
    newer = await import_queries.newer_imports(user_id, wanted)
    context = {
        "waiting": await import_queries.previews(user_id),
        "imports": [import_row(row) for row in before.results],
        **links(request, older=before.next_cursor, newer=newer, anchor="imports"),
    }
    return await form_page(request, "providers/import_new.html", form, **context)


@require_safe
@signed_in
async def result(request: SignedInRequest, id: UUID) -> HttpResponse:
    """The result of one import."""
    user_id = request.principal.user_id
    file = await import_queries.import_(user_id, id)
    if file["state"] == FileImport.State.PREVIEW:
        return see_other(reverse("import-preview", args=[id]))
    accounts = await ledger_queries.accounts(user_id)
    context: dict[str, Any] = {
        "row": import_row(file),
        "statements": statement_rows(file["statements"], accounts.results),
        "waiting": await import_queries.previews(user_id),
    }
    return await rendered(request, "providers/import.html", context)


async def _several(
    request: HttpRequest, user_id: UUID, form: StatementFile, files: Sequence[UploadedFile[bytes]]
) -> HttpResponse:
    """Take one file after the other, each for itself, and say on the page of imports what became of them."""
    taken: list[FileImport] = []
    for file in files:
        try:
            taken.append(await _taken(user_id, form, file))
        except DashtamError as error:
            messages.warning(request, f"{file.name}: {error.title} {error.detail}")
    if taken:
        messages.success(request, brought(taken))
    return see_other(reverse("import-new"))


async def _taken(user_id: UUID, form: StatementFile, file: UploadedFile[bytes]) -> FileImport:
    """The import of a file. A table is shown first, unless its person has confirmed that layout before."""
    data = file.read()
    given: Mapping[str, Any] = {
        "user_id": user_id,
        "filename": file.name or "",
        "data": data,
        "account_id": form.target_id,
        "currency": form.cleaned_data["currency"],
        "new_account": form.wants_new_account,
        "date_order": form.cleaned_data["date_order"],
    }
    placed = form.target_id is not None or form.wants_new_account
    if await wiring.preview_service().is_settled(user_id=user_id, data=data, placed=placed):
        return await wiring.import_service().import_statement(**given)
    waiting, _ = await wiring.preview_service().begin(**given)
    return waiting


def _page_of(file: FileImport) -> str:
    shown_first = file.state == FileImport.State.PREVIEW
    return reverse("import-preview" if shown_first else "import", args=[file.id])
