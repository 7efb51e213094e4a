"""Statement files: /imports, and /imports/{id}/confirm."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser

from accounts.api.serializers import CleanedField
from accounts.validation import clean_currency
from dashtam import errors
from dashtam.api.openapi import Empty, PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import KeyedView, Reply
from providers import wiring
from providers.api.files.previews import UNREADABLE, ConfirmedTable, PreviewOfImport, preview_row
from providers.api.serializers import lacks
from providers.imports import queries
from providers.imports.arriving.uploads import DATE_ORDERS
from providers.imports.errors import FileTooLarge, ImportNotTraced, ImportUnderWay
from providers.imports.models import FileImport
from providers.imports.statement_accounts import ImportRefused

CREATED_OR_RUNNING = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    response=[201, 202],
    description="The address of the import.",
)
MISFITS = (ImportRefused, "account_unknown", "currency_mismatch", "currency_unknown", "several_accounts")


class NewImport(serializers.Serializer[Any]):
    """A statement file, the account for its rows, if they are to go there, and what the file does not say itself."""

    file = serializers.FileField(
        help_text="OFX, QFX, CAMT, MT940, QIF or CSV, or a zip of them, at most 20 MB."
    )
    account_id = serializers.UUIDField(required=False)
    currency = CleanedField(
        clean_currency,
        required=False,
        help_text="ISO 4217, for a file that does not say which currency it is in.",
    )
    new_account = serializers.BooleanField(
        required=False,
        help_text="Makes a new account for a file that does not say which account it is of. Else the answer is "
        "`account_unknown`, where it may be one of yours.",
    )
    date_order = serializers.ChoiceField(
        list(DATE_ORDERS),
        required=False,
        help_text="The day first, or the month: for a file whose days can be read both ways, which is else refused "
        "as `uncertain` or `needs_answers`.",
    )


class RejectedRow(serializers.Serializer[Any]):
    """A row that we refuse to guess at."""

    line = serializers.IntegerField()
    reason = serializers.CharField()


class ImportNotice(serializers.Serializer[Any]):
    """A finding about something else than a row: an account refused, a balance or a section left out."""

    code = serializers.CharField(
        help_text="`account_error`, `value_left_out`, `section_skipped`, `currency_missing`, `account_assumed`, "
        "`date_in_future`, `balance_gap`, `statement_repeated`, `not_a_movement`, `period_gap`; more may come."
    )
    detail = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)


class ImportedStatement(serializers.Serializer[Any]):
    """One statement of the file: its rows, and the closing balance it states."""

    account_id = serializers.UUIDField()
    rows = serializers.IntegerField(help_text="Transactions that could be read.")
    added = serializers.IntegerField()
    matched = serializers.IntegerField()
    currency = serializers.CharField()
    closing_balance = serializers.CharField(allow_null=True)
    lacks = lacks()
    as_of = serializers.DateTimeField()
    day = serializers.DateField(help_text="The day of the balance, as the file writes it.")
    covers_from = serializers.DateField(
        allow_null=True,
        required=False,
        help_text="From this day on the file has all rows; null where that is not certain.",
    )
    covers_to = serializers.DateField(allow_null=True, required=False, help_text="Up to this day.")
    covers_stated = serializers.BooleanField(
        required=False, help_text="The file names these days itself; otherwise they are those of its rows."
    )


class Import(serializers.Serializer[Any]):
    """The result of a file: added + matched + rejected_count are its rows."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(
        FileImport.State.choices,
        help_text="`partial`: all was stored but what `rejected` and `notices` name.",
    )
    format = serializers.CharField()
    filename = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    accounts = serializers.ListField(
        child=serializers.UUIDField(), help_text="Ids of the accounts it went into."
    )
    statements = ImportedStatement(many=True)
    rows_read = serializers.IntegerField(help_text="While it runs: about how many rows were read so far.")
    rows_landed = serializers.IntegerField(help_text="While it runs: how many of them have been stored.")
    added = serializers.IntegerField()
    matched = serializers.IntegerField(help_text="Rows that were there already.")
    rejected = RejectedRow(many=True, help_text="The first 1,000, for 90 days.")
    rejected_count = serializers.IntegerField()
    notices = ImportNotice(many=True, help_text="The first 100, for 90 days.")
    notices_count = serializers.IntegerField()
    error_code = serializers.CharField()
    error_detail = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    undoable = serializers.BooleanField(help_text="It can be taken back, with DELETE.")


IMPORT_OR_PREVIEW = PolymorphicProxySerializer(
    component_name="ImportOrPreview",
    serializers=[Import, PreviewOfImport],
    resource_type_field_name=None,
)


class UndoQuery(serializers.Serializer[Any]):
    """How much to take back."""

    delete_accounts = serializers.BooleanField(
        required=False, help_text="Delete the accounts that only this file fed, too."
    )


class NewImportQuery(serializers.Serializer[Any]):
    """The choice to see a table first."""

    preview = serializers.BooleanField(
        required=False,
        help_text="Answers how a table (CSV) is understood, and keeps it for a day until it is confirmed.",
    )


class Imports(KeyedView):
    """The files a person brought in."""

    idempotent = True
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="list_imports",
        summary="List imported files",
        parameters=[PageQuery],
        responses={200: list_of(Import)} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> Listing[queries.ImportRow]:
        """Newest first."""
        self.read_query(Empty)
        return await queries.imports(self.principal.user_id, page(request))

    @extend_schema(
        operation_id="create_import",
        summary="Import a statement file",
        parameters=[CREATED_OR_RUNNING, NewImportQuery],
        request={"multipart/form-data": NewImport},
        responses={201: IMPORT_OR_PREVIEW, 202: OpenApiResponse(Import, "It is `running`: ask for it again.")}
        | problem_responses(400, 401, 404, FileTooLarge, 415, UNREADABLE, MISFITS, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Bring a statement file in. The same file again changes nothing.

        A small one is imported at once, 201. Otherwise the answer is 202, and the import at `Location` is `running`
        until a worker has carried it out; the reason why such a file was refused is then in `error_code` and
        `error_detail`. The same file sent again meanwhile is the same import.

        A table (CSV) that can be read in two ways is refused with `needs_answers`. With `preview=true` the answer is
        how it is understood; it is imported once that is confirmed.
        """
        preview = self.read_query(NewImportQuery, paged=False).get("preview", False)
        given = self.read(NewImport)
        _refuse_several_files(request)
        new: dict[str, Any] = {
            "user_id": self.principal.user_id,
            "filename": given["file"].name,
            "data": given["file"].read(),
            "account_id": given.get("account_id"),
            "currency": given.get("currency", ""),
            "new_account": given.get("new_account", False),
            "date_order": given.get("date_order", ""),
        }
        if preview:
            file, found = await wiring.preview_service().begin(**new)
            address = f"/api/v1/imports/{file.id}"
            return Reply(preview_row(file, found), status=201, headers={"Location": address})
        return await _done(self.principal.user_id, await wiring.import_service().import_statement(**new))


class ImportDetail(KeyedView):
    """One file."""

    @extend_schema(
        operation_id="get_import",
        summary="Read what became of a file",
        responses={200: Import} | problem_responses(401, 404),
    )
    async def get(self, request: Any, id: UUID) -> queries.ImportRow:
        """Read the result of an import."""
        return await queries.import_(self.principal.user_id, id)

    @extend_schema(
        operation_id="undo_import",
        summary="Take an import back",
        parameters=[UndoQuery],
        responses={204: None} | problem_responses(400, 401, 404, ImportUnderWay, ImportNotTraced, 429),
    )
    async def delete(self, request: Any, id: UUID) -> Reply:
        """Remove what only this file brought, and forget the import.

        Rows that another file or a provider has brought too stay. Balances and holdings are again what the other
        files say, or what they were before; what is then known from nowhere is null. The file can be imported again.
        """
        with_accounts = self.read_query(UndoQuery, paged=False).get("delete_accounts", False)
        await wiring.import_undo_service().take_back(
            user_id=self.principal.user_id, import_id=id, with_accounts=with_accounts
        )
        return Reply(status=204)


class ImportConfirmation(KeyedView):
    """The end of a preview."""

    @extend_schema(
        operation_id="confirm_import",
        summary="Import a table that was previewed",
        parameters=[CREATED_OR_RUNNING],
        request=ConfirmedTable,
        responses={201: Import, 202: OpenApiResponse(Import, "It is `running`: ask for it again.")}
        | problem_responses(400, 401, 404, UNREADABLE, MISFITS, 429),
    )
    async def post(self, request: Any, id: UUID) -> Reply:
        """Import the table as it is understood with the corrections, which are kept for the next one of its shape."""
        given = dict(self.read(ConfirmedTable))
        done = await wiring.preview_service().confirm(
            user_id=self.principal.user_id,
            import_id=id,
            account_id=given.pop("account_id", None),
            new_account=given.pop("new_account", False),
            account_name=given.pop("account_name", ""),
            corrections=given,
        )
        return await _done(self.principal.user_id, done)


async def _done(user_id: UUID, file: FileImport) -> Reply:
    row = await queries.import_(user_id, file.id)
    status = 202 if row["state"] == FileImport.State.RUNNING else 201
    return Reply(row, status=status, headers={"Location": f"/api/v1/imports/{file.id}"})


def _refuse_several_files(request: Any) -> None:
    """Raises ValidationFailed for more than one file (RFC 7578 §4.3), as only one would be imported."""
    if sum(len(files) for _, files in request.FILES.lists()) > 1:
        error = errors.FieldError("file", "too_many", "Send one file at a time.")
        raise errors.ValidationFailed(errors=[error])
