"""Holdings: /holdings and /accounts/{id}/holdings."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import Empty, PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import KeyedView
from providers.api.serializers import money, source, stale
from providers.ledger import queries
from providers.ledger.queries.holdings import HoldingRow


class Security(serializers.Serializer[Any]):
    """A stock, fund, bond or other instrument."""

    symbol = serializers.CharField()
    name = serializers.CharField()
    type = serializers.CharField()
    cusip = serializers.CharField()
    isin = serializers.CharField()


class Lot(serializers.Serializer[Any]):
    """Units that were bought together. What the institution does not tell is null."""

    id = serializers.CharField(help_text="The institution's own name for it, or empty.")
    quantity = money(allow_null=True)
    price = money("It was paid for one unit.", allow_null=True)
    cost_basis = money("It is of the whole lot.", allow_null=True)
    market_value = money("It is of the whole lot.", allow_null=True)
    opened_on = serializers.DateField(allow_null=True)
    opened_at = serializers.DateTimeField(allow_null=True, help_text="Null where only the day is known.")


class Holding(serializers.Serializer[Any]):
    """A position; a short one has a negative quantity."""

    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    security = Security()
    quantity = money()
    price = money(allow_null=True)
    market_value = money(allow_null=True)
    cost_basis = money(allow_null=True)
    currency = serializers.CharField()
    as_of = serializers.DateTimeField()
    fetched_at = serializers.DateTimeField()
    source = source()  # type: ignore[assignment]
    stale = stale()
    lots = Lot(many=True, allow_null=True, help_text="Null where the institution tells none.")
    outside_lots = money(
        "The units of the position that are in none of its lots; null where that is not known.",
        allow_null=True,
    )
    cost_outside_lots = money(
        "The position's cost less that of its lots; null where that is not known.", allow_null=True
    )


class Holdings(KeyedView):
    """All of a person's holdings."""

    @extend_schema(
        operation_id="list_holdings",
        parameters=[PageQuery],
        responses={200: list_of(Holding)} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> Listing[HoldingRow]:
        """By the name of the security."""
        self.read_query(Empty)
        return await queries.holdings(self.principal.user_id, page(request))


class AccountHoldings(KeyedView):
    """The holdings of one account."""

    @extend_schema(
        operation_id="list_account_holdings",
        summary="List the holdings of an account",
        parameters=[PageQuery],
        responses={200: list_of(Holding)} | problem_responses(400, 401, 404),
    )
    async def get(self, request: Any, id: UUID) -> Listing[HoldingRow]:
        """By the name of the security."""
        self.read_query(Empty)
        return await queries.holdings(self.principal.user_id, page(request), account_id=id)
