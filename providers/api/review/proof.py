"""The proof of an account's days."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import KeyedView
from providers.api.serializers import Days, money
from providers.imports.periods import uncovered
from providers.ledger.queries.proof import proof_days

STATUSES = ("proved", "unproved", "gap")


class ProofDay(serializers.Serializer[Any]):
    """The standing of one day.

    Proved: the stated balance before and the rows up to the next stated balance come to that one. Gap: they do not.
    Unproved: there are no two balances around it, or the account's value moves without rows.
    """

    date = serializers.DateField()
    status = serializers.ChoiceField(STATUSES)
    opening = money("The stated balance before.", allow_null=True)
    opening_on = serializers.DateField(allow_null=True)
    closing = money("The stated balance after.", allow_null=True)
    closing_on = serializers.DateField(allow_null=True)
    moved = money("The rows between.", allow_null=True)
    missing = money("The part of the change that no row accounts for.", allow_null=True)
    currency = serializers.CharField()
    uncovered = serializers.BooleanField(
        help_text="The account has files of before and after, and none of this day. False where a feed brings its rows."
    )


class AccountProof(KeyedView):
    """The standing of an account's days."""

    @extend_schema(
        operation_id="list_account_proof",
        summary="List which days of an account are proved",
        parameters=[Days, PageQuery],
        responses={200: list_of(ProofDay)} | problem_responses(400, 401, 404),
    )
    async def get(self, request: Any, id: UUID) -> Listing[dict[str, Any]]:
        """Newest first, from the first day that anything is known of to the person's today."""
        asked, person = self.read_query(Days), self.principal
        last = asked.get("to") or now().astimezone(ZoneInfo(person.time_zone)).date()
        days = await proof_days(person.user_id, id, asked.get("from"), last, page(request))
        gaps = await uncovered(person.user_id, id)
        rows = [
            {**day, "uncovered": any(gap.first <= day["date"] <= gap.last for gap in gaps)}
            for day in days.results
        ]
        return Listing(rows, days.next_cursor)


class AccountCompleteness(AccountProof):
    """The same under the name that people who look for gaps expect."""

    @extend_schema(
        operation_id="list_account_completeness",
        summary="List which days of an account are complete",
        parameters=[Days, PageQuery],
        responses={200: list_of(ProofDay)} | problem_responses(400, 401, 404),
    )
    async def get(self, request: Any, id: UUID) -> Listing[dict[str, Any]]:
        """The same as the account's `proof`."""
        return await super().get(request, id)
