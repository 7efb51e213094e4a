"""The review queue: /reviews."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import KeyedView
from providers import wiring
from providers.api.serializers import money
from providers.ledger.observations.models import Question
from providers.ledger.queries.reviews import Review, review, reviews

STATUSES = ("scheduled", "pending", "posted")


class RowSide(serializers.Serializer[Any]):
    """A row as its source states it."""

    transaction_id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    account_name = serializers.CharField()
    date = serializers.DateField()
    status = serializers.ChoiceField(STATUSES)
    amount = money()
    currency = serializers.CharField()
    description = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    first_seen_at = serializers.DateTimeField()
    stated = serializers.BooleanField(help_text="False where no source has it any more.")


class AccountSide(serializers.Serializer[Any]):
    """An account."""

    account_id = serializers.UUIDField()
    name = serializers.CharField()
    mask = serializers.CharField()
    provider_name = serializers.CharField()
    institution = serializers.CharField(help_text="The institution behind an aggregator, or empty.")
    currency = serializers.CharField()
    closed = serializers.BooleanField()


class BalanceSide(serializers.Serializer[Any]):
    """A balance."""

    account_id = serializers.UUIDField()
    amount = money(allow_null=True)
    currency = serializers.CharField()
    as_of = serializers.DateTimeField(allow_null=True)


class ReviewSide(serializers.Serializer[Any]):
    """A side of the question: one of these, or none where it is not there any more."""

    row = RowSide(allow_null=True)
    account = AccountSide(allow_null=True)
    balance = BalanceSide(allow_null=True)


class ReviewItem(serializers.Serializer[Any]):
    """A question that only the person can answer."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Question.Kind.choices)
    state = serializers.ChoiceField(Question.State.choices)
    account_id = serializers.UUIDField()
    account_name = serializers.CharField()
    why = serializers.CharField(help_text="The reason to ask, in words.")
    asked_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    left = ReviewSide(help_text="What was there before.")
    right = ReviewSide(help_text="What is new.")
    rows = RowSide(many=True, help_text="Rows that came or vanished at once, the first five.")
    count = serializers.IntegerField(help_text="How many rows came or vanished at once.")
    others = serializers.IntegerField(help_text="How many more candidates there are, should this be refused.")


class ReviewQuery(serializers.Serializer[Any]):
    """The questions to list."""

    answered = serializers.BooleanField(required=False, help_text="Those that were answered, instead.")


class Reviews(KeyedView):
    """The questions about a person's accounts and rows."""

    @extend_schema(
        operation_id="list_reviews",
        summary="List questions to answer",
        parameters=[ReviewQuery, PageQuery],
        responses={200: list_of(ReviewItem)} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> Listing[Review]:
        """Open questions, newest first."""
        answered = self.read_query(ReviewQuery).get("answered", False)
        return await reviews(self.principal.user_id, page(request), answered=answered)


class ReviewAccept(KeyedView):
    """A question answered with yes."""

    @extend_schema(
        operation_id="accept_review",
        summary="Accept what a question proposes",
        request=None,
        responses={200: ReviewItem} | problem_responses(401, 404),
    )
    async def post(self, request: Any, id: UUID) -> Review:
        """Join the two sides, or let the change through. 404 for a question that was answered before."""
        user_id = self.principal.user_id
        await wiring.review_service().accept(user_id=user_id, review_id=id)
        return await review(user_id, id)


class ReviewRefuse(KeyedView):
    """A question answered with no."""

    @extend_schema(
        operation_id="refuse_review",
        summary="Refuse what a question proposes",
        request=None,
        responses={200: ReviewItem} | problem_responses(401, 404),
    )
    async def post(self, request: Any, id: UUID) -> Review:
        """Leave things as they are; it is not asked again. 404 for a question that was answered before."""
        user_id = self.principal.user_id
        await wiring.review_service().refuse(user_id=user_id, review_id=id)
        return await review(user_id, id)


class ReviewUndo(KeyedView):
    """An answer taken back."""

    @extend_schema(
        operation_id="undo_review",
        summary="Take an answer back",
        request=None,
        responses={200: ReviewItem} | problem_responses(401, 404),
    )
    async def post(self, request: Any, id: UUID) -> Review:
        """Everything is as it was before the answer, and the question waits again. A second time, nothing happens."""
        user_id = self.principal.user_id
        await wiring.review_service().undo(user_id=user_id, review_id=id)
        return await review(user_id, id)
