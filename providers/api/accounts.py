"""Bank, card, loan and investment accounts: /accounts."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import Empty, PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import KeyedView
from providers.api.serializers import lacks, money
from providers.connections.models import Connection
from providers.ledger import queries
from providers.ledger.models import FinancialAccount
from providers.ledger.queries.accounts import AccountRow


class Balances(serializers.Serializer[Any]):
    """The balances of the account; money owed is negative."""

    current = money(allow_null=True)
    available = money(allow_null=True)
    limit = money(allow_null=True)
    lacks = lacks()
    as_of = serializers.DateTimeField(allow_null=True, help_text="When the institution says it was so.")
    fetched_at = serializers.DateTimeField(allow_null=True, help_text="When we asked.")


class Account(serializers.Serializer[Any]):
    """A bank, card, loan or investment account."""

    id = serializers.UUIDField()
    connection_id = serializers.UUIDField()
    provider = serializers.CharField()
    provider_name = serializers.CharField()
    connection_state = serializers.ChoiceField(Connection.State.choices)
    name = serializers.CharField()
    mask = serializers.CharField(help_text="The last characters of the number.")
    type = serializers.ChoiceField(FinancialAccount.Type.choices)
    subtype = serializers.CharField()
    currency = serializers.CharField(help_text="ISO 4217.")
    balances = Balances()
    closed_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when the institution lists it no more."
    )


class Accounts(KeyedView):
    """All of a person's accounts."""

    @extend_schema(
        operation_id="list_accounts",
        parameters=[PageQuery],
        responses={200: list_of(Account)} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> Listing[AccountRow]:
        """By type and name; those of ended connections stay in the list."""
        self.read_query(Empty)
        return await queries.accounts(self.principal.user_id, page(request))


class AccountDetail(KeyedView):
    """One account."""

    @extend_schema(
        operation_id="get_account",
        summary="Read an account",
        responses={200: Account} | problem_responses(401, 404),
    )
    async def get(self, request: Any, id: UUID) -> AccountRow:
        """One account."""
        return await queries.account(self.principal.user_id, id)
