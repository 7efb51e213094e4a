"""The history of a transaction: where it is from, what changed, and what can be undone."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import problem_responses
from dashtam.api.views import KeyedView
from providers import wiring
from providers.ledger.identity.records import Reason
from providers.ledger.observations.models import Source
from providers.ledger.queries.row_history import KINDS, RowHistory, row_history


class SourceOfRow(serializers.Serializer[Any]):
    """A source that has stated the row."""

    kind = serializers.ChoiceField(Source.Kind.choices)
    name = serializers.CharField()
    first_seen_at = serializers.DateTimeField()
    last_changed_at = serializers.DateTimeField()
    until = serializers.DateTimeField(
        allow_null=True, help_text="When it was found to state the row no more; null while it was not."
    )


class FieldChange(serializers.Serializer[Any]):
    """A field before and after."""

    field = serializers.CharField()
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)


class HistoryEntry(serializers.Serializer[Any]):
    """An entry of a history."""

    id = serializers.CharField()
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(KINDS)
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="Who said so: an institution, a kind of file, or You."
    )
    reason = serializers.CharField(
        help_text=f"Of a source's word one of {', '.join(Reason)}; of a decision a sentence."
    )
    changes = FieldChange(many=True)
    can_undo = serializers.BooleanField()
    undone_at = serializers.DateTimeField(allow_null=True)


class History(serializers.Serializer[Any]):
    """The history of a transaction, oldest first."""

    sources = SourceOfRow(many=True)
    entries = HistoryEntry(many=True)
    reviews = serializers.ListField(child=serializers.UUIDField(), help_text="Open questions about it.")
    complete = serializers.BooleanField(help_text="False where older entries are left out.")


class TransactionHistory(KeyedView):
    """The history of one transaction."""

    @extend_schema(
        operation_id="get_transaction_history",
        summary="Read where a transaction is from",
        responses={200: History} | problem_responses(401, 404),
    )
    async def get(self, request: Any, id: UUID) -> RowHistory:
        """Each source, what changed when, and why rows were joined; of hidden and deleted transactions too."""
        return await row_history(self.principal.user_id, id)


class HistoryUndo(KeyedView):
    """An entry of a history taken back."""

    @extend_schema(
        operation_id="undo_transaction_history",
        summary="Undo an entry of a transaction's history",
        request=None,
        responses={200: History} | problem_responses(401, 404),
    )
    async def post(self, request: Any, id: UUID, entry: str) -> RowHistory:
        """Take back an edit, a decision, or a link that the engine has made; for entries with `can_undo`."""
        user_id = self.principal.user_id
        await wiring.transaction_service().undo(user_id=user_id, transaction_id=id, entry=entry)
        return await row_history(user_id, id)
