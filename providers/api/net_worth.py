"""Net worth: /net-worth."""

from typing import Any, get_args

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import problem_responses
from dashtam.api.views import KeyedView
from providers.api.serializers import Days, money
from providers.ledger import queries
from providers.ledger.cash_flow.intervals import Interval
from providers.rates.conversion import SOURCE


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


class RatesUsed(serializers.Serializer[Any]):
    """The rates that amounts were converted at."""

    source = serializers.ChoiceField((SOURCE,))  # type: ignore[assignment]
    date = serializers.DateField(help_text="The day of the oldest rate in the total.")


class NetWorthChange(serializers.Serializer[Any]):
    """The change from the first point of the series to its last: `total` is the sum of moved, added and left."""

    since = serializers.DateField(help_text="The day of the first point.")
    until = serializers.DateField(help_text="The day of the last point.")
    total = money()
    before = money("What the accounts that are there at both ends amounted to at the first point.")
    moved = money("By how much those accounts changed, exchange rates included.")
    added = money("What accounts that were added since amount to at the last point.")
    added_accounts = serializers.IntegerField(min_value=0)
    left = money("What accounts that left since amounted to at the first point, with its sign turned.")
    left_accounts = serializers.IntegerField(min_value=0)


class NetWorth(serializers.Serializer[Any]):
    """The net worth at the end of the range, and on the way there.

    Liabilities are negative. The amounts are null where no balance is known, or none of them can be converted.
    """

    currency = serializers.CharField()
    total = money(allow_null=True)
    assets = money(allow_null=True)
    liabilities = money(allow_null=True)
    rates = RatesUsed(allow_null=True, help_text="Null where no rate was needed.")
    as_of = serializers.DateTimeField(allow_null=True, help_text="When the newest balance in it was so.")
    unconverted = AmountsInCurrency(many=True, help_text="Not in the amounts: no rate is known.")
    unknown_accounts = serializers.IntegerField(
        min_value=0, help_text="Open accounts in no figure, because no balance of theirs is known."
    )
    derived_accounts = serializers.IntegerField(
        min_value=0, help_text="Accounts of which some balances were worked out from transactions."
    )
    change = NetWorthChange(allow_null=True, help_text="Null with fewer than two points.")
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
        """Net worth over time. The last known balance of each account is carried forward, at most to today.

        The change tells apart what moved and what was added or left, so that a new account is not a gain.

        Each day's amounts are converted at the ECB's rates of that day, or of the last publication before it.
        Currencies without a rate are in `unconverted`, and counted nowhere.
        """
        asked = self.read_query(NetWorthQuery, paged=False)
        currency = asked.get("currency", self.principal.base_currency)
        days = (asked.get("from"), asked.get("to"))
        zone = self.principal.time_zone
        return await queries.net_worth(self.principal.user_id, *days, asked["interval"], currency, zone)
