"""Net worth: /net-worth."""

from typing import Any, get_args

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import problem_responses
from dashtam.api.views import KeyedView
from providers.api.serializers import Days, money
from providers.ledger import queries
from providers.ledger.intervals import Interval


class NetWorthQuery(Days):
    """By default the last ninety days, day by day, in the person's own currency."""

    interval = serializers.ChoiceField(get_args(Interval), default="day")
    currency = serializers.RegexField(r"\A[A-Z]{3}\Z", required=False, help_text="ISO 4217.")


class Amounts(serializers.Serializer[Any]):
    """Liabilities are negative, so that the total is the sum of both."""

    total = money()
    assets = money()
    liabilities = money()


class AmountsInCurrency(Amounts):
    """Amounts in a currency that there is no rate for."""

    currency = serializers.CharField()


class AmountsOnDay(Amounts):
    """Amounts at the end of a day."""

    date = serializers.DateField()


class NetWorth(AmountsInCurrency):
    """The net worth at the end of the range, and on the way there."""

    as_of = serializers.DateTimeField(allow_null=True, help_text="When the newest balance in it was so.")
    unconverted = AmountsInCurrency(many=True)
    series = AmountsOnDay(many=True)


class NetWorthView(KeyedView):
    """A person's net worth."""

    @extend_schema(
        operation_id="get_net_worth",
        summary="Read your net worth",
        parameters=[NetWorthQuery],
        responses={200: NetWorth} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> queries.NetWorth:
        """The last known balance of each account is carried forward; nothing is converted without a rate."""
        asked = self.read_query(NetWorthQuery, paged=False)
        currency = asked.get("currency", self.principal.base_currency)
        days = (asked.get("from"), asked.get("to"))
        return await queries.net_worth(self.principal.user_id, *days, asked["interval"], currency)
