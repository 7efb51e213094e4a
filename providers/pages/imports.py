"""Statement files: bringing one in, and what became of it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import form_page, see_other
from dashtam.api.paging import Page
from dashtam.errors import DashtamError
from providers import wiring
from providers.imports import queries as import_queries
from providers.imports.models import FileImport
from providers.imports.statement_ingest import ImportRefused
from providers.ledger import queries as ledger_queries
from providers.pages import words
from providers.pages.forms import StatementFile

Row = Mapping[str, Any]
LATEST = 10


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
async def new(request: SignedInRequest) -> HttpResponse:
    """Choose a file; what is wrong with it is said beside the field."""
    user_id = request.principal.user_id
    accounts = (await ledger_queries.accounts(user_id)).results
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = StatementFile(*sent, accounts=accounts)
    if form.is_valid():
        try:
            done = await _bring_in(user_id, form)
            return see_other(reverse("import", args=[done.id]))
        except ImportRefused as error:  # about where the rows go; browsers forget the file meanwhile
            form.add_error("account_id", f"{error.title} {error.detail} Then choose the file again.")
        except DashtamError as error:
            form.add_error("file", f"{error.title} {error.detail}")
    before = await import_queries.imports(user_id, Page(LATEST))
    return form_page(
        request, "providers/import_new.html", form, imports=[_told(row) for row in before.results]
    )


@require_safe
@signed_in
async def result(request: SignedInRequest, id: UUID) -> HttpResponse:
    """What one file brought."""
    user_id = request.principal.user_id
    row = await import_queries.import_(user_id, id)
    known = await ledger_queries.accounts(user_id)
    accounts = {str(account["id"]): account for account in known.results}
    statements = [_statement(each, accounts.get(each["account_id"])) for each in row["statements"]]
    return render(request, "providers/import.html", {"row": _told(row), "statements": statements})


async def _bring_in(user_id: UUID, form: StatementFile) -> FileImport:
    file: UploadedFile[bytes] = form.cleaned_data["file"]
    return await wiring.import_service().import_statement(
        user_id=user_id,
        filename=file.name or "",
        data=file.read(),
        account_id=form.cleaned_data["account_id"],
    )


def _statement(told: Row, account: Row | None) -> Row:
    balance = told["closing_balance"]
    return {
        **told,
        "account": account,
        "closing_balance": None if balance is None else Decimal(balance),
        "as_of": datetime.fromisoformat(told["as_of"]),
    }


def _told(row: Row) -> Row:
    return {
        **row,
        "summary": _summary(row),
        "format_name": words.FORMATS.get(row["format"], row["format"].upper()),
    }


def _summary(row: Row) -> str:
    if row["state"] == "failed":
        return "Nothing was imported."
    rejected = len(row["rejected"])
    parts = [f"{row['added']:,} added", f"{row['matched']:,} known already"]
    return ", ".join([*parts, f"{rejected:,} rejected"] if rejected else parts)
