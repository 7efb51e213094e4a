"""Connections: /connections. Consent itself is given in the person's own browser, never over the API."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from accounts.errors import ReauthRequired
from dashtam.api.openapi import CREATED, Empty, PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import ApiView, KeyedView, Reply
from providers import wiring
from providers.connections import queries
from providers.connections.connection_service import StartedConnection as Started
from providers.connections.models import Connection as ConnectionModel
from providers.errors import (
    ConnectionNotEnded,
    EmailUnverified,
    NotSupported,
    ProviderNotConfigured,
    ProviderTakesFiles,
    TooManyConnections,
    UnknownProvider,
)


class NewConnection(serializers.Serializer[Any]):
    """The provider to connect to."""

    provider = serializers.SlugField(max_length=40)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse other fields: a client never says which server an institution is reached at."""
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            raise serializers.ValidationError(dict.fromkeys(unknown, "There is no such field."), "unknown")
        return attrs


class Connection(serializers.Serializer[Any]):
    """A consent at an institution and how it is doing."""

    id = serializers.UUIDField()
    provider = serializers.CharField()
    provider_name = serializers.CharField()
    state = serializers.ChoiceField(ConnectionModel.State.choices)
    state_reason = serializers.CharField(help_text="A code, or empty when all is well.")
    consent_expires_at = serializers.DateTimeField(allow_null=True)
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_attempt_at = serializers.DateTimeField(allow_null=True)
    next_sync_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    deleted_accounts = serializers.IntegerField(
        help_text="Accounts that were deleted here and are not read any more."
    )


class StartedConnection(serializers.Serializer[Any]):
    """A connection to be, and where its person goes next."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(ConnectionModel.State.choices)
    authorization_url = serializers.URLField(
        help_text="A page of Dashtam, to be opened within five minutes, once, in the person's signed-in browser."
    )


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
            429,
        ),
    )
    async def post(self, request: Any) -> Reply:
        """Begin to connect an institution."""
        given = self.read(NewConnection)
        started = await wiring.connection_service().start(
            user_id=self.principal.user_id, provider=given["provider"]
        )
        return _started(started)


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


class Reauthorizations(KeyedView):
    """New consents for a connection that has one, or had."""

    idempotent = True

    @extend_schema(
        operation_id="reauthorize_connection",
        summary="Renew the consent of a connection",
        parameters=[CREATED],
        request=None,
        responses={201: StartedConnection}
        | problem_responses(
            401,
            404,
            EmailUnverified,
            UnknownProvider,
            NotSupported,
            ProviderNotConfigured,
            ProviderTakesFiles,
            429,
        ),
    )
    async def post(self, request: Any, id: UUID) -> Reply:
        """Begin to renew the consent. The connection stays as it is until that is done."""
        user_id = self.principal.user_id
        return _started(await wiring.connection_service().reauthorize(user_id=user_id, connection_id=id))


def _started(started: Started) -> Reply:
    connection = started.connection
    answer = {"id": connection.id, "state": connection.state, "authorization_url": started.authorization_url}
    return Reply(answer, status=201, headers={"Location": f"/api/v1/connections/{connection.id}"})
