"""Tables before they are imported: /imports/{id}/preview."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from accounts.api.serializers import CleanedField
from accounts.validation import clean_currency
from dashtam import errors
from dashtam.api.openapi import problem_responses
from dashtam.api.views import KeyedView
from providers import wiring
from providers.api.serializers import money
from providers.formats.csv.cells.records import DELIMITERS
from providers.formats.csv.cells.text import ENCODINGS
from providers.formats.csv.understanding import ACCOUNT_TYPES, Preview
from providers.formats.csv.words.headings import ROLES
from providers.formats.errors import StatementError
from providers.imports.models import FileImport
from providers.ledger.own_words import LONGEST

SIGNS = ("as_written", "reversed")
SIGN_RULES = ("as_written", "reversed", "columns", "word", "action")
UNREADABLE = (errors.Unprocessable, *(kind.code for kind in StatementError.__subclasses__()))


class Corrections(serializers.Serializer[Any]):
    """Choices of a person about a table. What is left out is found in the file."""

    roles = serializers.ListField(
        child=serializers.ChoiceField(ROLES),
        required=False,
        max_length=500,
        help_text="The meaning of each column, in their order.",
    )
    date_order = serializers.ChoiceField(
        ["dmy", "mdy"], required=False, help_text="The day first, or the month."
    )
    decimal_mark = serializers.ChoiceField([".", ","], required=False)
    sign = serializers.ChoiceField(
        SIGNS, required=False, help_text="`reversed`: a positive amount is money out."
    )
    fee = serializers.ChoiceField(
        ["included", "apart"], required=False, help_text="`apart`: fees come on top of amounts."
    )
    currency = CleanedField(clean_currency, required=False, help_text="ISO 4217.")
    account_type = serializers.ChoiceField(ACCOUNT_TYPES, required=False)
    encoding = serializers.ChoiceField(list(ENCODINGS), required=False)
    delimiter = serializers.ChoiceField(list(DELIMITERS), required=False)
    header = serializers.BooleanField(required=False, help_text="False for a table without headings.")


class ConfirmedTable(Corrections):
    """Corrections, and the account for the rows."""

    account_id = serializers.UUIDField(required=False)
    new_account = serializers.BooleanField(required=False)
    account_name = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST["name"],
        help_text="A name for the account, if the file makes a new one. Without it, the file's own word is the name.",
    )


class PreviewColumn(serializers.Serializer[Any]):
    """A column of the table."""

    heading = serializers.CharField()
    role = serializers.ChoiceField(ROLES)


class PreviewQuestion(serializers.Serializer[Any]):
    """Something that the file does not say with certainty, and its person must."""

    field = serializers.CharField(help_text="The correction that answers it; `columns` for `roles`.")
    text = serializers.CharField()


class PreviewRow(serializers.Serializer[Any]):
    """A row as it stands in the file, and as it would be stored."""

    line = serializers.IntegerField()
    cells = serializers.ListField(child=serializers.CharField())
    date = serializers.CharField(help_text="Empty for a row that is left out.")
    amount = money()
    currency = serializers.CharField()
    description = serializers.CharField()
    left_out = serializers.CharField(help_text="Why the row would not be stored.")


class PreviewLeftOut(serializers.Serializer[Any]):
    """A sort of rows that move no money."""

    sort = serializers.CharField()
    rows = serializers.IntegerField()


class PreviewOfImport(serializers.Serializer[Any]):
    """A table as it is understood. It can be confirmed when `questions` is empty."""

    id = serializers.UUIDField()
    state = serializers.CharField(help_text="`preview`: it waits for a day to be confirmed.")
    filename = serializers.CharField()
    known_as = serializers.CharField(
        help_text="The institution whose layout it is, where that settled anything."
    )
    encoding = serializers.CharField()
    delimiter = serializers.CharField()
    header_line = serializers.IntegerField(allow_null=True)
    columns = PreviewColumn(many=True)
    date_order = serializers.CharField(help_text="Empty where days are written in one way only.")
    decimal_mark = serializers.CharField()
    sign = serializers.ChoiceField(SIGN_RULES)
    fee = serializers.ChoiceField(["included", "apart"])
    currency = serializers.CharField(help_text="Of rows that name none of their own.")
    account_type = serializers.ChoiceField(ACCOUNT_TYPES)
    accounts = serializers.ListField(child=serializers.CharField(), help_text="As the file names them.")
    questions = PreviewQuestion(many=True)
    rows = PreviewRow(many=True, help_text="The first 20.")
    row_count = serializers.IntegerField()
    left_out = PreviewLeftOut(many=True, help_text="Among the first 2,000 rows.")
    rejected_count = serializers.IntegerField(help_text="Among the first 2,000 rows.")


def preview_row(file: FileImport, preview: Preview) -> dict[str, Any]:
    """A preview as the API tells it."""
    understood = preview.understanding
    names = ("known_as", "encoding", "delimiter", "header_line", "date_order", "decimal_mark", "sign", "fee")
    return {
        "id": file.id,
        "state": file.state,
        "filename": file.filename,
        **{name: getattr(understood, name) for name in (*names, "currency", "account_type")},
        "columns": [{"heading": each.heading, "role": each.role} for each in understood.columns],
        "accounts": list(preview.accounts),
        "questions": [{"field": each.field, "text": each.text} for each in understood.questions],
        "rows": [
            {
                "line": row.line,
                "cells": list(row.cells),
                "date": row.day,
                "amount": row.amount,
                "currency": row.currency,
                "description": row.description,
                "left_out": row.left_out,
            }
            for row in preview.rows
        ],
        "row_count": preview.row_count,
        "left_out": [{"sort": sort, "rows": count} for sort, count in preview.left_out],
        "rejected_count": preview.rejected_count,
    }


class ImportPreview(KeyedView):
    """How a table is understood."""

    @extend_schema(
        operation_id="get_import_preview",
        summary="See how a table is understood",
        responses={200: PreviewOfImport} | problem_responses(401, 404, UNREADABLE),
    )
    async def get(self, request: Any, id: UUID) -> dict[str, Any]:
        """Read the preview of a table that was sent with `preview=true`."""
        found = await wiring.preview_service().look(user_id=self.principal.user_id, import_id=id)
        return preview_row(*found)

    @extend_schema(
        operation_id="correct_import_preview",
        summary="See how a table is understood with corrections",
        request=Corrections,
        responses={200: PreviewOfImport} | problem_responses(400, 401, 404, UNREADABLE),
    )
    async def post(self, request: Any, id: UUID) -> dict[str, Any]:
        """Read the preview with corrections. These are kept only when the import is confirmed with them."""
        corrections = self.read(Corrections)
        service = wiring.preview_service()
        found = await service.look(user_id=self.principal.user_id, import_id=id, corrections=corrections)
        return preview_row(*found)
