"""Exchange rates over the API."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers

from dashtam.api.openapi import problem_responses
from dashtam.api.views import KeyedView
from providers.api.serializers import day, money
from providers.rates.conversion import EURO, SOURCE
from providers.rates.lookup import rates_on

_EXAMPLE = {
    "on": "2026-10-31",
    "source": "ECB",
    "base": "EUR",
    "rates": [
        {"currency": "JPY", "rate": "175.68", "date": "2026-10-30"},
        {"currency": "USD", "rate": "1.1172", "date": "2026-10-30"},
    ],
}

SOURCES = (SOURCE,)


class ExchangeRatesQuery(serializers.Serializer[Any]):
    """By default the rates of today against the euro."""

    on = day("The day; by default today.")
    base = serializers.RegexField(r"\A[A-Z]{3}\Z", default=EURO, help_text="ISO 4217.")


class ExchangeRate(serializers.Serializer[Any]):
    """How much of a currency one unit of the base buys."""

    currency = serializers.CharField()
    rate = money()
    date = serializers.DateField(
        help_text="The day of the older of the two ECB rates in it: the last publication up to `on`."
    )


@extend_schema_serializer(examples=[OpenApiExample("Against the euro, on a Saturday", value=_EXAMPLE)])
class ExchangeRatesOnDay(serializers.Serializer[Any]):
    """Reference rates of the European Central Bank, as they held on a day."""

    on = serializers.DateField()
    source = serializers.ChoiceField(SOURCES)  # type: ignore[assignment]
    base = serializers.CharField()
    rates = ExchangeRate(many=True)


class ExchangeRates(KeyedView):
    """The exchange rates that amounts are converted at."""

    @extend_schema(
        operation_id="list_exchange_rates",
        summary="Read the exchange rates of a day",
        parameters=[ExchangeRatesQuery],
        responses={200: ExchangeRatesOnDay} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> dict[str, Any]:
        """The rates that held on a day, by currency: those of the last publication up to that day.

        Against the euro they are as published, against others rounded to 12 significant digits. The list is empty
        where no rate is known: before 1999, in the future, or against a base that the ECB has no rate for.
        """
        asked = self.read_query(ExchangeRatesQuery, paged=False)
        today = timezone.now().date()
        on, base = asked.get("on") or today, asked["base"]
        rates = [
            {"currency": each.currency, "rate": format(each.rate, "f"), "date": each.date}
            for each in (await rates_on(on, base) if on <= today else [])
        ]
        return {"on": on, "source": SOURCE, "base": base, "rates": rates}
