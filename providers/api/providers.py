"""The catalogue of providers: /providers."""

from typing import Any, get_args

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import list_of, problem_responses
from dashtam.api.paging import Listing
from dashtam.api.views import KeyedView
from providers.connections import queries
from providers.connectors.base import Auth
from providers.records import Capability


class Provider(serializers.Serializer[Any]):
    """An institution, or another source of data, that Dashtam can read from."""

    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    auth = serializers.ChoiceField(get_args(Auth))
    capabilities = serializers.ListField(child=serializers.ChoiceField(get_args(Capability)))
    configured = serializers.BooleanField(
        help_text="Whether this installation has what it takes to connect it."
    )
    connections = serializers.IntegerField(help_text="How many of them you have connected.")


LIST = list_of(Provider, "All providers by name; there is only one page.")


class Providers(KeyedView):
    """The catalogue."""

    @extend_schema(
        operation_id="list_providers",
        summary="List what can be connected",
        responses={200: LIST} | problem_responses(401),
    )
    async def get(self, request: Any) -> Listing[queries.ProviderRow]:
        """List the providers that can be connected here."""
        rows = await queries.providers_catalogue(self.principal.user_id)
        return Listing(rows, next_cursor=None)
