"""The catalogue of providers: /providers."""

from typing import Any, get_args

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import list_of, problem_responses
from dashtam.api.paging import Listing
from dashtam.api.views import KeyedView
from providers.connections import queries
from providers.connectors.base import Auth
from providers.connectors.contract.facts import Behind, Grade, Pending, Scope
from providers.records import Capability


class Quota(serializers.Serializer[Any]):
    """So many calls in so much time."""

    calls = serializers.IntegerField()
    seconds = serializers.IntegerField()
    of = serializers.ChoiceField(get_args(Scope))


class Facts(serializers.Serializer[Any]):
    """Facts about an institution, as far as they are known: null and "" where they are not."""

    cadence_minutes = serializers.IntegerField(
        allow_null=True, help_text="Asking more often brings nothing new."
    )
    history_days = serializers.IntegerField(allow_null=True, help_text="How far back its data goes.")
    window_days = serializers.IntegerField(allow_null=True, help_text="The longest time of one request.")
    look_back_days = serializers.IntegerField(help_text="Read again each time, since rows come late.")
    ids = serializers.ChoiceField(get_args(Grade), allow_null=True, help_text="How long an id lasts.")
    pending = serializers.ChoiceField(
        get_args(Pending), allow_null=True, help_text="How a pending row becomes a posted one."
    )
    consent_days = serializers.IntegerField(allow_null=True, help_text="The life of a consent.")
    quotas = Quota(many=True)
    regions = serializers.ListField(child=serializers.CharField())
    cost = serializers.CharField()
    needs = serializers.CharField(help_text="What a person must have to connect it.")
    freshness = serializers.CharField(help_text="How old its figures may be.")
    behind = serializers.ChoiceField(
        get_args(Behind),
        help_text="Of an aggregator: whether a consent reads each institution by itself, or all of them.",
    )
    manage_url = serializers.CharField(help_text="Where a person sees and ends the access themselves.")
    register_url = serializers.CharField(help_text="Where an installation gets its own access.")


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
    facts = Facts()


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
