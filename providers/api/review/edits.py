"""One transaction, its person's edits of it, and what they have hidden or deleted."""

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import KeyedView, Reply
from providers import wiring
from providers.api.transactions import Transaction
from providers.ledger.own_words import LONGEST
from providers.ledger.queries.one_transaction import TransactionInFull, set_aside, transaction_in_full
from providers.ledger.review.transaction_service import Changes

EDITABLE = ("note", "category", "description", "hidden")


class FeedWords(serializers.Serializer[Any]):
    """The words of the institution or file."""

    description = serializers.CharField()
    category = serializers.CharField()


class FullTransaction(Transaction):
    """A transaction with what its person has changed of it."""

    hidden = serializers.BooleanField(help_text="Left out of lists and totals.")
    deleted = serializers.BooleanField()
    own = serializers.BooleanField(help_text="A row of the person's own, which no source states.")
    edited = serializers.ListField(
        child=serializers.ChoiceField(["note", "category", "description"]),
        help_text="The fields that show the person's word.",
    )
    feed = FeedWords(allow_null=True, help_text="What they show without it; null for a row of one's own.")


class TransactionChange(serializers.Serializer[Any]):
    """A change of a transaction; fields that are left out stay as they are, null brings the institution's word back."""

    note = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=LONGEST["note"],
        help_text="null removes it.",
    )
    category = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=LONGEST["category"],
        help_text="null brings the institution's own back; an empty text is no category.",
    )
    description = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=LONGEST["description"],
        help_text="null brings the institution's own back; an empty text is a value.",
    )
    hidden = serializers.BooleanField(
        required=False, allow_null=True, help_text="Leave it out of lists and totals."
    )
    restore = serializers.ListField(
        child=serializers.ChoiceField(EDITABLE),
        required=False,
        max_length=len(EDITABLE),
        help_text="The fields of which the institution's word comes back: the same as null.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        restored = attrs.pop("restore", [])
        if both := [name for name in restored if attrs.get(name) is not None]:
            raise serializers.ValidationError(
                {"restore": [f"{both[0]} is given a value too. Choose one of both."]}, code="contradiction"
            )
        return {**attrs, **dict.fromkeys(restored)}


class TransactionDetail(KeyedView):
    """One transaction."""

    @extend_schema(
        operation_id="get_transaction",
        summary="Read a transaction",
        responses={200: FullTransaction} | problem_responses(401, 404),
    )
    async def get(self, request: Any, id: UUID) -> TransactionInFull:
        """One transaction, also if it is hidden, with the institution's words beside the person's own."""
        return await transaction_in_full(self.principal.user_id, id)

    @extend_schema(
        operation_id="change_transaction",
        summary="Edit a transaction",
        request=TransactionChange,
        responses={200: FullTransaction} | problem_responses(400, 401, 404),
    )
    async def patch(self, request: Any, id: UUID) -> TransactionInFull:
        """Set one's own note, category or description, or hide it. No sync, no file and no rebuild changes them."""
        changes, user_id = cast("Changes", self.read(TransactionChange)), self.principal.user_id
        await wiring.transaction_service().change(user_id=user_id, transaction_id=id, changes=changes)
        return await transaction_in_full(user_id, id)

    @extend_schema(
        operation_id="delete_transaction",
        summary="Delete a transaction",
        responses={204: None} | problem_responses(401, 404),
    )
    async def delete(self, request: Any, id: UUID) -> Reply:
        """It leaves all lists and totals and stays away, whoever states it again. `restore` brings it back."""
        await wiring.transaction_service().delete(user_id=self.principal.user_id, transaction_id=id)
        return Reply(status=204)


class TransactionRestore(KeyedView):
    """A transaction brought back."""

    @extend_schema(
        operation_id="restore_transaction",
        summary="Bring a transaction back",
        request=None,
        responses={200: FullTransaction} | problem_responses(401, 404),
    )
    async def post(self, request: Any, id: UUID) -> TransactionInFull:
        """Show a transaction again that was hidden or deleted. One that is shown stays as it is."""
        user_id = self.principal.user_id
        await wiring.transaction_service().bring_back(user_id=user_id, transaction_id=id)
        return await transaction_in_full(user_id, id)


class SetAside(KeyedView):
    """The transactions that a person has hidden or deleted."""

    @extend_schema(
        operation_id="list_set_aside_transactions",
        summary="List hidden and deleted transactions",
        parameters=[PageQuery],
        responses={200: list_of(FullTransaction)} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> Listing[TransactionInFull]:
        """Newest first, at most 50 a page; those that no source states any more are left out."""
        return await set_aside(self.principal.user_id, page(request))
