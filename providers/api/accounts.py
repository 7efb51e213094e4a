"""Bank, card, loan and investment accounts: /accounts."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from accounts.errors import ReauthRequired
from dashtam.api.openapi import PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import MANAGE, READ, ApiView, KeyedView, Reply
from dashtam.ui.currencies import CODES
from providers import wiring
from providers.api.serializers import lacks, money, source, stale
from providers.connections.models import Connection
from providers.ledger import queries
from providers.ledger.by_hand import NewAccount, TooManyByHand, noted
from providers.ledger.models import FinancialAccount
from providers.ledger.models.account import AccountChanges, AccountClosedByInstitution
from providers.ledger.queries.accounts import AccountRow


class Balances(serializers.Serializer[Any]):
    """The balances of the account; money owed is negative."""

    current = money(allow_null=True)
    available = money(allow_null=True)
    limit = money(allow_null=True)
    lacks = lacks()
    as_of = serializers.DateTimeField(allow_null=True, help_text="When the institution says it was so.")
    fetched_at = serializers.DateTimeField(allow_null=True, help_text="When we asked.")
    source = source()  # type: ignore[assignment]
    stale = stale()


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
        allow_null=True, help_text="Since when the institution lists it no more, or its person closed it."
    )
    closed = serializers.BooleanField(help_text="It counts in net worth on the days before `closed_at` only.")
    closed_by_person = serializers.BooleanField()
    institution = serializers.CharField(help_text="The institution behind an aggregator, or empty.")
    institution_name = serializers.CharField(help_text="The institution's own name for it.")
    hidden = serializers.BooleanField(help_text="Left out of lists of accounts; it counts all the same.")
    in_net_worth = serializers.BooleanField()
    same_as = serializers.UUIDField(
        allow_null=True,
        help_text="The account of which this is a further entrance, and which has its rows. Such a one is in no list.",
    )


class AccountChange(serializers.Serializer[Any]):
    """A change of an account; fields that are left out stay as they are."""

    name = serializers.CharField(
        required=False, allow_null=True, max_length=200, help_text="null brings the institution's own back."
    )
    hidden = serializers.BooleanField(required=False)
    in_net_worth = serializers.BooleanField(required=False)
    closed = serializers.BooleanField(required=False, help_text="Closed from today on, or open again.")


class NewAccountByHand(serializers.Serializer[Any]):
    """An account that no institution states: a house, a car, cash, a loan between friends."""

    name = serializers.CharField(max_length=200)
    type = serializers.ChoiceField(FinancialAccount.Type.choices)
    currency = serializers.ChoiceField(CODES, help_text="ISO 4217.")
    balance = serializers.DecimalField(36, 18, help_text="Money owed is negative.")
    date = serializers.DateField(help_text="The day of that balance: today or an earlier one.")


class AccountQuery(serializers.Serializer[Any]):
    """The accounts to list."""

    hidden = serializers.BooleanField(required=False, help_text="List the hidden ones too.")


class Accounts(KeyedView):
    """All of a person's accounts."""

    @extend_schema(
        operation_id="list_accounts",
        parameters=[AccountQuery, PageQuery],
        responses={200: list_of(Account)} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> Listing[AccountRow]:
        """By type and name; those of ended connections stay in the list, hidden ones are left out unless asked for."""
        hidden = self.read_query(AccountQuery).get("hidden", False)
        return await queries.accounts(self.principal.user_id, page(request), hidden=hidden)

    @extend_schema(
        operation_id="open_account",
        summary="Open an account that is kept by hand",
        request=NewAccountByHand,
        responses={201: Account} | problem_responses(400, 401, TooManyByHand, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Its balance changes when a new one is written down (POST `accounts/{id}/balances`), and no other way."""
        given, user_id = self.read(NewAccountByHand), self.principal.user_id
        balance = noted(given.pop("balance"), given.pop("date"))
        account_id = await wiring.account_service().open(
            user_id=user_id, new=NewAccount(**given), noted=balance
        )
        return Reply(await queries.account(user_id, account_id), status=201)


class AccountDetail(ApiView):
    """One account."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": READ, "PATCH": MANAGE}

    @extend_schema(
        operation_id="get_account",
        summary="Read an account",
        responses={200: Account} | problem_responses(401, 404),
    )
    async def get(self, request: Any, id: UUID) -> AccountRow:
        """One account."""
        return await queries.account(self.principal.user_id, id)

    @extend_schema(
        operation_id="change_account",
        summary="Rename, hide or close an account",
        request=AccountChange,
        responses={200: Account} | problem_responses(400, 401, 404, AccountClosedByInstitution, 429),
    )
    async def patch(self, request: Any, id: UUID) -> AccountRow:
        """Change its name, and how it is shown and counted. No sync undoes that."""
        changes = cast("AccountChanges", self.read(AccountChange))
        user_id = self.principal.user_id
        await wiring.account_service().change(user_id=user_id, account_id=id, changes=changes)
        return await queries.account(user_id, id)

    @extend_schema(
        operation_id="delete_account",
        summary="Delete an account with its data",
        responses={204: None} | problem_responses(401, ReauthRequired, 404, 429),
    )
    async def delete(self, request: Any, id: UUID) -> Reply:
        """Delete its transactions, balances and holdings, for good. Needs a fresh proof of who one is.

        While its connection goes on, the account is not read any more: DELETE on the connection's
        `deleted-accounts` lets it come again. Nothing changes at the institution.
        """
        await queries.account(self.principal.user_id, id)  # not there: no proof is asked for
        self.principal.require_fresh()
        await wiring.account_service().delete(user_id=self.principal.user_id, account_id=id)
        return Reply(status=204)
