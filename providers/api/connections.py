"""Connections: /connections."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from accounts.entrance.bearer import KeyAsPassword
from accounts.errors import ReauthRequired
from dashtam.api.openapi import CREATED, Empty, PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import ApiView, KeyedView, Reply
from providers import wiring
from providers.api.access import NewConnection, StartedConnection, started_reply
from providers.connections import queries
from providers.connections.errors import EmailUnverified, TooManyConnections
from providers.connections.models import Connection as ConnectionModel
from providers.connectors.contract.errors import CredentialsRefused, InstallationRefused
from providers.errors import (
    ConnectionNotEnded,
    NotSupported,
    ProviderNotConfigured,
    ProviderTakesFiles,
    UnknownProvider,
)
from providers.standards.calendar import TYPE, calendar


class QuotaLeft(serializers.Serializer[Any]):
    """The calls that an institution still allows."""

    of = serializers.ChoiceField(
        ("grant", "account"), help_text="For the whole connection, or for each account."
    )
    calls = serializers.IntegerField(help_text="Allowed in a window of `seconds`.")
    seconds = serializers.IntegerField()
    left = serializers.IntegerField(help_text="Of the account with the fewest, if each has its own.")
    reserved = serializers.IntegerField(help_text="Kept for updates that are asked for by hand.")
    resets_at = serializers.DateTimeField(allow_null=True, help_text="Null while all are left.")


class Connection(serializers.Serializer[Any]):
    """A consent at an institution and how it is doing."""

    id = serializers.UUIDField()
    provider = serializers.CharField()
    provider_name = serializers.CharField()
    institution = serializers.CharField(help_text="The one behind an aggregator's consent, or empty.")
    state = serializers.ChoiceField(ConnectionModel.State.choices)
    state_reason = serializers.CharField(help_text="A code, or empty when all is well.")
    consent_expires_at = serializers.DateTimeField(allow_null=True)
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_attempt_at = serializers.DateTimeField(allow_null=True)
    next_sync_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    accounts_offered_at = serializers.DateTimeField(
        allow_null=True,
        help_text="When the institution told of accounts that are not shared with Dashtam yet; a renewal adds them.",
    )
    deleted_accounts = serializers.IntegerField(
        help_text="Accounts that were deleted here and are not read any more."
    )
    quotas = QuotaLeft(many=True)


class Connections(KeyedView):
    """All of a person's connections."""

    idempotent = True

    @extend_schema(
        operation_id="list_connections",
        parameters=[PageQuery],
        responses={200: list_of(Connection, "Newest first.")} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> Listing[queries.ConnectionRow]:
        """The connections, newest first."""
        self.read_query(Empty)
        return await queries.connections(self.principal.user_id, page(request))

    @extend_schema(
        operation_id="create_connection",
        summary="Connect an institution",
        parameters=[CREATED],
        request=NewConnection,
        responses={201: StartedConnection}
        | problem_responses(
            400,
            401,
            EmailUnverified,
            UnknownProvider,
            TooManyConnections,
            NotSupported,
            ProviderNotConfigured,
            ProviderTakesFiles,
            CredentialsRefused,
            InstallationRefused,
            429,
            503,
        ),
    )
    async def post(self, request: Any) -> Reply:
        """Begin to connect an institution. With `credentials`, all steps that need no page are taken at once."""
        given, user_id = self.read(NewConnection), self.principal.user_id
        alike = await queries.alike(user_id, given["provider"])
        started = await wiring.connection_service().start(user_id=user_id, **given)
        return started_reply(started, alike)


class ConsentCalendar(KeyedView):
    """The ends of a person's consents."""

    def get_authenticators(self) -> list[Any]:
        """An API key may also be the password of Basic: calendar programs know nothing else."""
        described = getattr(self, "swagger_fake_view", False)  # the document names Bearer alone
        return super().get_authenticators() if described else [KeyAsPassword()]

    @extend_schema(
        operation_id="consent_calendar",
        summary="Read the ends of consents as a calendar",
        responses={(200, "text/calendar"): OpenApiTypes.STR} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> HttpResponse:
        """A calendar (RFC 5545) to subscribe to. With Basic, the API key is the password, and any name will do."""
        self.read_query(Empty, paged=False)
        rows = await queries.connections(self.principal.user_id)
        feed = calendar(rows.results, site=settings.PUBLIC_URL.rstrip("/"), now=timezone.now())
        return HttpResponse(feed, content_type=TYPE)


class ConnectionDetail(KeyedView):
    """One connection."""

    @extend_schema(
        operation_id="get_connection",
        summary="Read a connection",
        responses={200: Connection} | problem_responses(401, 404),
    )
    async def get(self, request: Any, id: UUID) -> queries.ConnectionRow:
        """How the connection is doing."""
        return await queries.connection(self.principal.user_id, id)

    @extend_schema(
        operation_id="disconnect",
        summary="End a connection",
        responses={204: None} | problem_responses(401, 404),
    )
    async def delete(self, request: Any, id: UUID) -> Reply:
        """Erase its tokens, end the consent at the institution, keep what was collected."""
        await wiring.connection_service().disconnect(user_id=self.principal.user_id, connection_id=id)
        return Reply(status=204)


class ConnectionData(ApiView):
    """All that a connection has brought."""

    @extend_schema(
        operation_id="erase_connection",
        summary="Erase what a connection brought",
        responses={204: None} | problem_responses(401, ReauthRequired, 404, ConnectionNotEnded, 429),
    )
    async def delete(self, request: Any, id: UUID) -> Reply:
        """Delete its accounts with all their rows, its syncs and itself. Needs a fresh proof of who one is.

        A connection that still reads has to be disconnected first; one of files need not.
        """
        await queries.connection(self.principal.user_id, id)  # not there: no proof is asked for
        self.principal.require_fresh()
        await wiring.account_service().erase_connection(user_id=self.principal.user_id, connection_id=id)
        return Reply(status=204)


class DeletedAccounts(KeyedView):
    """The accounts of a connection that its person deleted."""

    @extend_schema(
        operation_id="read_deleted_accounts_again",
        summary="Read deleted accounts again",
        responses={204: None} | problem_responses(401, 404, 429),
    )
    async def delete(self, request: Any, id: UUID) -> Reply:
        """Let the next sync bring them again, as new accounts."""
        await wiring.account_service().welcome_back(user_id=self.principal.user_id, connection_id=id)
        return Reply(status=204)
