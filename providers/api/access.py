"""Access to an institution, step by step. A page of an institution is visited in the person's own browser only."""

from collections.abc import Sequence
from typing import Any, get_args
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam.api.openapi import CREATED, problem_responses
from dashtam.api.views import KeyedView, Reply
from providers import wiring
from providers.connections.errors import EmailUnverified
from providers.connections.models import Connection
from providers.connections.started import NextStep
from providers.connections.started import StartedConnection as Started
from providers.connectors.contract.errors import CredentialsRefused, InstallationRefused, NothingAsked
from providers.connectors.contract.steps import Field
from providers.errors import NotSupported, ProviderNotConfigured, ProviderTakesFiles, UnknownProvider


class Strict(serializers.Serializer[Any]):
    """A body without other fields."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse other fields: a client never says which server an institution is reached at."""
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            raise serializers.ValidationError(dict.fromkeys(unknown, "There is no such field."), "unknown")
        return attrs


def _credentials(**options: Any) -> serializers.DictField:
    return serializers.DictField(
        child=serializers.CharField(max_length=10_000, allow_blank=True, trim_whitespace=False),
        help_text="Answers to the fields that the institution asks for, by name. They are never shown again.",
        **options,
    )


class StepAnswers(Strict):
    """Answers to the question of a step."""

    credentials = _credentials(default=dict)


class NewConnection(Strict):
    """The provider to connect to, and the answers to its first question, if it asks one."""

    provider = serializers.SlugField(max_length=40)
    credentials = _credentials(required=False)


class Renewal(Strict):
    """The answers to the first question, if the institution asks one."""

    credentials = _credentials(required=False)


class AskedField(serializers.Serializer[Any]):
    """A value to give."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    help = serializers.CharField()
    hidden = serializers.BooleanField(help_text="Whether it is a secret, to be hidden while it is typed.")
    optional = serializers.BooleanField()
    choices = serializers.ListField(
        child=serializers.CharField(), help_text="The values to choose from; empty where any is taken."
    )


class StartedConnection(serializers.Serializer[Any]):
    """A connection to be, and where its person goes next."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(Connection.State.choices)
    step = serializers.ChoiceField(
        get_args(NextStep),
        help_text="The next step: answer `fields`, let the person visit `authorization_url`, or none.",
    )
    fields = AskedField(many=True)  # type: ignore[assignment]
    where = serializers.CharField(help_text="The institution's page at which the values are made, or empty.")
    authorization_url = serializers.URLField(
        allow_null=True,
        help_text="A page of Dashtam, to be opened within five minutes, once, in the person's signed-in browser: it "
        "takes all steps that are left. Null when there are none.",
    )
    alike = serializers.ListField(
        child=serializers.UUIDField(),
        help_text="Living connections to the same institution. To repair one, or add accounts to it, renew its "
        "consent instead of giving a second one.",
    )


class Reauthorizations(KeyedView):
    """New consents for a connection that has one, or had."""

    idempotent = True

    @extend_schema(
        operation_id="reauthorize_connection",
        summary="Renew the consent of a connection",
        parameters=[CREATED],
        request=Renewal,
        responses={201: StartedConnection}
        | problem_responses(
            400,
            401,
            404,
            EmailUnverified,
            UnknownProvider,
            NotSupported,
            ProviderNotConfigured,
            ProviderTakesFiles,
            CredentialsRefused,
            InstallationRefused,
            429,
            503,
        ),
    )
    async def post(self, request: Any, id: UUID) -> Reply:
        """Begin to repair access, or to add accounts. The connection stays as it is until that is done."""
        given, user_id = self.read(Renewal), self.principal.user_id
        service = wiring.connection_service()
        return started_reply(await service.reauthorize(user_id=user_id, connection_id=id, **given))


class Steps(KeyedView):
    """The steps of a connection that has begun."""

    @extend_schema(
        operation_id="take_connection_step",
        summary="Answer the next step of a connection",
        request=StepAnswers,
        responses={200: StartedConnection}
        | problem_responses(
            400, 401, 404, NothingAsked, CredentialsRefused, InstallationRefused, 410, 429, 503
        ),
    )
    async def post(self, request: Any, id: UUID) -> Reply:
        """Answer the question it waits for; where it waits for a page, look whether the person has finished there."""
        given, user_id = self.read(StepAnswers), self.principal.user_id
        service = wiring.connection_service()
        return started_reply(await service.go_on(user_id=user_id, connection_id=id, **given), status=200)


def started_reply(started: Started, alike: Sequence[UUID] = (), *, status: int = 201) -> Reply:
    connection, ask = started.connection, started.ask
    answer = {
        "id": connection.id,
        "state": connection.state,
        "step": started.step,
        "fields": [_asked(field) for field in ask.fields] if ask else [],
        "where": ask.where if ask else "",
        "authorization_url": started.authorization_url or None,
        "alike": [each for each in alike if each != connection.id],
    }
    return Reply(answer, status=status, headers={"Location": f"/api/v1/connections/{connection.id}"})


def _asked(field: Field) -> dict[str, Any]:
    told = {name: getattr(field, name) for name in ("name", "label", "help", "optional")}
    return told | {"hidden": field.secret, "choices": [value for value, _ in field.choices]}
