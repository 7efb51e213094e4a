"""Sync runs: /connections/{id}/syncs."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from dashtam import limits
from dashtam.api.openapi import Empty, PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import READ, SYNC, ApiView, Reply
from dashtam.errors import PayloadTooLarge
from dashtam.web import measures, visitor
from providers import wiring
from providers.errors import AskedToWait, ProviderTakesFiles
from providers.sync import queries
from providers.sync.models import SyncRun as SyncRunModel
from providers.sync.sync_service import ConnectionNotSyncable

WEBHOOKS_BY_ADDRESS = limits.Limit("webhooks by address", 120, 60)
LARGEST_WEBHOOK = 65_536


class QueuedSync(serializers.Serializer[Any]):
    """A run that will start soon, or is under way."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(SyncRunModel.State.choices)


class Sync(QueuedSync):
    """The result of a run, account by account."""

    connection_id = serializers.UUIDField()
    trigger = serializers.ChoiceField(SyncRunModel.Trigger.choices)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    accounts_total = serializers.IntegerField()
    accounts_done = serializers.IntegerField()
    added = serializers.IntegerField()
    modified = serializers.IntegerField()
    removed = serializers.IntegerField()
    error_code = serializers.CharField()
    account_errors = serializers.DictField(
        child=serializers.CharField(), help_text="Error code by account id."
    )
    notices = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="What the connector did not understand, and kept as it came or left out: how often, by words.",
    )


class Syncs(ApiView):
    """The sync runs of one connection."""

    idempotent = True
    scopes: ClassVar[Mapping[str, str]] = {"GET": READ, "POST": SYNC}

    @extend_schema(
        operation_id="list_syncs",
        summary="List the syncs of a connection",
        parameters=[PageQuery],
        responses={200: list_of(Sync)} | problem_responses(400, 401, 404),
    )
    async def get(self, request: Any, id: UUID) -> Listing[queries.SyncRunRow]:
        """Newest first."""
        self.read_query(Empty)
        return await queries.sync_runs(self.principal.user_id, id, page(request))

    @extend_schema(
        operation_id="request_sync",
        summary="Ask for a sync",
        request=None,
        responses={202: QueuedSync}
        | problem_responses(
            401, 404, ConnectionNotSyncable, ProviderTakesFiles, 429, (AskedToWait, "rate_limited")
        ),
    )
    async def post(self, request: Any, id: UUID) -> Reply:
        """Ask for a sync; while one is unfinished, that one is the answer."""
        run = await wiring.sync_service().request_sync(
            user_id=self.principal.user_id,
            connection_id=id,
            trigger=SyncRunModel.Trigger.MANUAL,
        )
        return Reply({"id": run.id, "state": run.state}, status=202)


class Webhooks(ApiView):
    """Institutions that say that something is new. The answer tells a stranger nothing."""

    public = True
    schema = None

    async def post(self, request: Any, slug: str) -> Reply:
        """Queue the syncs that the webhook asks for, if its institution has signed it."""
        await limits.require((WEBHOOKS_BY_ADDRESS, visitor.customer_of(visitor.request_ip.get())))
        if measures.content_length(request) > LARGEST_WEBHOOK:
            raise PayloadTooLarge()
        headers = {name.lower(): value for name, value in request.headers.items()}
        await wiring.webhook_service().receive(provider=slug, headers=headers, body=request.body)
        return Reply(status=204)
