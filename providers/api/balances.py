"""End-of-day balances: /accounts/{id}/balances."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import KeyedView, Reply
from providers import wiring
from providers.api.serializers import BALANCE_SOURCES, Days, lacks, money, source
from providers.ledger import queries
from providers.ledger.by_hand import NotKeptByHand, noted
from providers.ledger.queries.accounts import BalanceRow


class Balance(serializers.Serializer[Any]):
    """The balance of an account at the end of a day.

    The institution states it or, where it is derived, it follows from a stated one and the transactions between.
    """

    date = serializers.DateField()
    current = money()
    available = money(allow_null=True)
    limit = money(allow_null=True)
    lacks = lacks()
    currency = serializers.CharField()
    as_of = serializers.DateTimeField()
    fetched_at = serializers.DateTimeField(help_text="When we asked, or when it was worked out.")
    derived = serializers.BooleanField(help_text="True if it was worked out from transactions.")
    source = source(BALANCE_SOURCES)  # type: ignore[assignment]


class NotedBalance(serializers.Serializer[Any]):
    """A balance to write down."""

    balance = serializers.DecimalField(36, 18, help_text="Money owed is negative.")
    date = serializers.DateField(help_text="Today or an earlier day.")


class AccountBalances(KeyedView):
    """The balance history of one account."""

    @extend_schema(
        operation_id="list_account_balances",
        summary="List the balance history of an account",
        parameters=[Days, PageQuery],
        responses={200: list_of(Balance)} | problem_responses(400, 401, 404),
    )
    async def get(self, request: Any, id: UUID) -> Listing[BalanceRow]:
        """Newest first."""
        asked = self.read_query(Days)
        user_id = self.principal.user_id
        return await queries.balances(user_id, id, asked.get("from"), asked.get("to"), page(request))

    @extend_schema(
        operation_id="note_account_balance",
        summary="Write down a balance",
        request=NotedBalance,
        responses={201: Balance} | problem_responses(400, 401, 404, NotKeptByHand, 429),
    )
    async def post(self, request: Any, id: UUID) -> Reply:
        """Of an account that is kept by hand. One of an earlier day joins its history."""
        user_id = self.principal.user_id
        await queries.account(user_id, id)  # not there: whatever the body holds
        given = self.read(NotedBalance)
        balance = noted(given["balance"], given["date"])
        await wiring.account_service().note_balance(user_id=user_id, account_id=id, noted=balance)
        days = await queries.balances(user_id, id, balance.date, balance.date)
        return Reply(days.results[0], status=201)
