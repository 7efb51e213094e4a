"""Cash flow: /cash-flow."""

from datetime import datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers

from dashtam.api.openapi import problem_responses
from dashtam.api.views import KeyedView
from providers.api.net_worth import RatesUsed
from providers.api.serializers import Days, money
from providers.ledger import queries
from providers.ledger.cash_flow.intervals import Span, months_before

_FLOW = {"in": "5000.00", "out": "-3187.40", "net": "1812.60"}
_EXAMPLE = {
    "currency": "USD",
    "start": "2026-10-01",
    "end": "2026-10-31",
    "since": "2024-11-27",
    "rates": {"source": "ECB", "date": "2026-10-02"},
    "total": _FLOW,
    "before": {"in": "5000.00", "out": "-2905.15", "net": "2094.85"},
    "series": [{"start": "2026-10-01", "end": "2026-10-31", **_FLOW}],
    "categories": [
        {"category": "HOUSING", "amount": "-1450.00", "share": "0.4549", "count": 1, "before": "-1450.00"},
        {"category": "GROCERIES", "amount": "-612.18", "share": "0.1921", "count": 11, "before": "-540.02"},
    ],
    "transfers_left_out": {"count": 3, "amount": "2210.35"},
    "trades_left_out": 4,
    "unconverted": [{"currency": "XBT", "in": "0.05", "out": "0.00", "net": "0.05", "count": 1}],
}


class CashFlowQuery(Days):
    """By default from the first of the month eleven months ago up to today, by month."""

    interval = serializers.ChoiceField(get_args(Span), default="month")
    currency = serializers.RegexField(r"\A[A-Z]{3}\Z", required=False, help_text="ISO 4217.")


class Flow(serializers.Serializer[Any]):
    """Money in, money out (negative), and their sum."""

    out = money()
    net = money()

    def get_fields(self) -> dict[str, Any]:
        """Adds `in` by name, because it is a keyword of Python."""
        return {"in": money(), **super().get_fields()}


class FlowOfSpan(Flow):
    """A month, or a week from Monday on, as far as it lies in the range."""

    start = serializers.DateField()
    end = serializers.DateField()


class FlowInCurrency(Flow):
    """Money in a currency that there is no rate for."""

    currency = serializers.CharField()
    count = serializers.IntegerField(help_text="Of transactions.")


class SpendingInCategory(serializers.Serializer[Any]):
    """Money out in one category; `before` is that of as many days before the range, null where it is not known."""

    category = serializers.CharField(help_text="The institution's word; empty where it gives none.")
    amount = money()
    share = serializers.CharField(help_text="Of all money out: 0.25 is a quarter.")
    count = serializers.IntegerField(help_text="Of transactions.")
    before = money(allow_null=True)


class TransfersLeftOut(serializers.Serializer[Any]):
    """Transfers between accounts of one's own."""

    count = serializers.IntegerField()
    amount = money()


@extend_schema_serializer(examples=[OpenApiExample("One month", value=_EXAMPLE)])
class CashFlow(serializers.Serializer[Any]):
    """Money in and out of all accounts together. Money out is negative, so that `net` is the sum of both."""

    currency = serializers.CharField()
    start = serializers.DateField()
    end = serializers.DateField()
    since = serializers.DateField(
        allow_null=True, help_text="The day of your first transaction. Nothing is known before it."
    )
    rates = RatesUsed(allow_null=True, help_text="Null where no rate was needed; the date is the oldest one.")
    total = Flow(allow_null=True, help_text="Null where nothing is known, or nothing can be converted.")
    before = Flow(
        allow_null=True, help_text="Of as many days before the range; null where these are not known."
    )
    series = FlowOfSpan(many=True, help_text="Oldest first. Spans of which nothing is known are left out.")
    categories = SpendingInCategory(many=True, help_text="Most spending first.")
    transfers_left_out = TransfersLeftOut()
    trades_left_out = serializers.IntegerField(help_text="Purchases, sales and the like of investments.")
    unconverted = FlowInCurrency(many=True, help_text="Not in the amounts: no rate is known.")


class CashFlowView(KeyedView):
    """A person's cash flow."""

    @extend_schema(
        operation_id="get_cash_flow",
        summary="Read your money in and out",
        parameters=[CashFlowQuery],
        responses={200: CashFlow} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> queries.CashFlow:
        """Money in and out by month or week, and spending by category.

        Transfers between your own accounts are left out: opposite amounts in one currency, in two accounts, at most
        five days apart. So are trades of investments. Each amount is converted at the ECB's rates of its own day, or
        of its last publication before it; amounts without a rate are in `unconverted`, and counted nowhere.
        A refund is money in. Pending transactions count.
        """
        asked = self.read_query(CashFlowQuery, paged=False)
        end = asked.get("to") or datetime.now(ZoneInfo(self.principal.time_zone)).date()
        start = asked.get("from") or months_before(end, 11)
        currency = asked.get("currency", self.principal.base_currency)
        return await queries.cash_flow(self.principal.user_id, start, end, asked["interval"], currency)
