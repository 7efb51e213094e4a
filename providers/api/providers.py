"""The catalogue of providers."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import problem_responses
from dashtam.api.views import KeyedView
from providers.connections import queries

CAPABILITIES = ("accounts", "balances", "balance_history", "transactions", "holdings")


class Provider(serializers.Serializer[Any]):
    """An institution, or another source of data, that Dashtam can read from."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    auth = serializers.ChoiceField(("oauth2", "credentials", "file"))
    capabilities = serializers.ListField(child=serializers.ChoiceField(CAPABILITIES))
    configured = serializers.BooleanField(
        help_text="Whether this installation has what it takes to connect it."
    )
    connections = serializers.IntegerField(help_text="How many of them you have connected.")


class ProviderList(serializers.Serializer[Any]):
    """All providers by name; there is only one page."""

    results = Provider(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class Providers(KeyedView):
    """The catalogue."""

    @extend_schema(
        operation_id="list_providers",
        summary="List what can be connected",
        responses={200: ProviderList} | problem_responses(401),
    )
    async def get(self, request: Any) -> dict[str, Any]:
        """What can be connected here."""
        rows = await queries.providers_catalogue(user_id=self.principal.user_id)
        return {"results": rows, "next_cursor": None}
