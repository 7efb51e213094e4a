"""Transactions: /transactions and /accounts/{id}/transactions."""

from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import KeyedView
from providers import wiring
from providers.api.serializers import Days, money
from providers.ledger import queries
from providers.ledger.models import Transaction as TransactionModel
from providers.ledger.models.transaction import OwnWords
from providers.ledger.queries.transactions import TransactionFilters, TransactionRow
from providers.records import Kind


def _amount() -> serializers.DecimalField:
    return serializers.DecimalField(required=False, max_digits=36, decimal_places=18)


class TransactionQuery(Days):
    """Which transactions."""

    status = serializers.ChoiceField(TransactionModel.Status.choices, required=False)
    kind = serializers.ChoiceField([kind.value for kind in Kind], required=False)
    q = serializers.CharField(
        required=False,
        max_length=200,
        help_text="Part of the description, note, category or symbol; or a whole check number or reference.",
    )
    min_amount = _amount()
    max_amount = _amount()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        low, high = (
            attrs.get("min_amount", -Decimal("Infinity")),
            attrs.get("max_amount", Decimal("Infinity")),
        )
        if low > high:
            raise serializers.ValidationError(
                {"min_amount": ["This is more than the highest."]}, code="above_max"
            )
        return super().validate(attrs)


class TransactionDetails(serializers.Serializer[Any]):
    """Facts that few transactions have; null where the institution says nothing."""

    check_number = serializers.CharField(allow_null=True)
    reference = serializers.CharField(allow_null=True, help_text="The institution's own reference number.")
    original_currency = serializers.CharField(allow_null=True, help_text="What it was converted from.")
    original_amount = money(allow_null=True)
    exchange_rate = money(allow_null=True)
    gross_amount = serializers.CharField(
        allow_null=True,
        help_text="Where `amount` is the effect on the cash: the income that was reinvested, or what was moved "
        "within the account.",
    )
    taxes = serializers.CharField(allow_null=True, help_text="Withheld, or paid with it.")
    split = serializers.CharField(allow_null=True, help_text="`4:1` where one share became four.")
    settled_on = serializers.DateField(allow_null=True)
    sub_account = serializers.CharField(allow_null=True, help_text="Such as CASH or MARGIN.")
    event = serializers.CharField(
        allow_null=True, help_text="The same in all rows that are legs of one thing, such as a conversion."
    )
    counterparty = serializers.CharField(allow_null=True, help_text="Who paid, or was paid.")
    merchant_code = serializers.CharField(
        allow_null=True, help_text="The merchant category code (ISO 18245)."
    )
    value_date = serializers.DateField(allow_null=True, help_text="The day from which interest counts.")
    balance_after = serializers.CharField(
        allow_null=True, help_text="The balance that the institution states after it."
    )


class Transaction(serializers.Serializer[Any]):
    """A movement of money or securities; positive amounts are money into the account."""

    id = serializers.UUIDField()
    account_id = serializers.UUIDField()
    date = serializers.DateField()
    posted_at = serializers.DateTimeField(allow_null=True)
    status = serializers.ChoiceField(TransactionModel.Status.choices)
    amount = money()
    currency = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.CharField()
    symbol = serializers.CharField(allow_null=True)
    quantity = money(allow_null=True)
    price = money(allow_null=True)
    fees = money(allow_null=True)
    category = serializers.CharField(help_text="The person's own, if they chose one.")
    note = serializers.CharField(help_text="The person's own words.")
    details = TransactionDetails(allow_null=True)


class TransactionChange(serializers.Serializer[Any]):
    """A change of a transaction; fields that are left out stay as they are."""

    note = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=1000, help_text="null removes it."
    )
    category = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=80,
        help_text="null brings the institution's own back; an empty text is no category.",
    )


class Transactions(KeyedView):
    """All of a person's transactions."""

    @extend_schema(
        operation_id="list_transactions",
        parameters=[TransactionQuery, PageQuery],
        responses={200: list_of(Transaction)} | problem_responses(400, 401, 429),
    )
    async def get(self, request: Any) -> Listing[TransactionRow]:
        """Newest first."""
        wanted = _filters(self.read_query(TransactionQuery))
        return await queries.transactions(self.principal.user_id, wanted, page(request))


class AccountTransactions(KeyedView):
    """The transactions of one account."""

    @extend_schema(
        operation_id="list_account_transactions",
        summary="List the transactions of an account",
        parameters=[TransactionQuery, PageQuery],
        responses={200: list_of(Transaction)} | problem_responses(400, 401, 404, 429),
    )
    async def get(self, request: Any, id: UUID) -> Listing[TransactionRow]:
        """Newest first."""
        wanted = _filters(self.read_query(TransactionQuery))
        return await queries.transactions(self.principal.user_id, wanted, page(request), account_id=id)


class TransactionDetail(KeyedView):
    """One transaction."""

    @extend_schema(
        operation_id="get_transaction",
        summary="Read a transaction",
        responses={200: Transaction} | problem_responses(401, 404),
    )
    async def get(self, request: Any, id: UUID) -> TransactionRow:
        """One transaction."""
        return await queries.transaction(self.principal.user_id, id)

    @extend_schema(
        operation_id="change_transaction",
        summary="Note something on a transaction",
        request=TransactionChange,
        responses={200: Transaction} | problem_responses(400, 401, 404),
    )
    async def patch(self, request: Any, id: UUID) -> TransactionRow:
        """Set one's own note and category. No sync and no file changes them."""
        words, user_id = cast("OwnWords", self.read(TransactionChange)), self.principal.user_id
        await wiring.account_service().annotate(user_id=user_id, transaction_id=id, words=words)
        return await queries.transaction(user_id, id)


def _filters(asked: dict[str, Any]) -> TransactionFilters:
    return TransactionFilters(start=asked.pop("from", None), end=asked.pop("to", None), **asked)
