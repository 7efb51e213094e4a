"""Exports of one's own data, over the API."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from accounts import wiring
from accounts.errors import ExportGone, ExportNotReady, ReauthRequired
from accounts.export.downloads import archive_response
from accounts.models import DataExport
from dashtam.api.openapi import problem_responses
from dashtam.api.views import ApiView, Reply


class Export(serializers.Serializer[Any]):
    """How far it is, and when ready where it can be had, once."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(DataExport.State.choices)
    created_at = serializers.DateTimeField()
    size = serializers.IntegerField(help_text="Bytes, when ready.")
    expires_at = serializers.DateTimeField(allow_null=True)
    download_url = serializers.URLField(
        allow_null=True, help_text="Works once, with your access token, until `expires_at`."
    )


class OwnExport(ApiView):
    """Everything that is one's own, as a ZIP of JSON."""

    @extend_schema(
        operation_id="export_me",
        summary="Ask for a copy of your data",
        responses={200: Export, 202: Export} | problem_responses(401, ReauthRequired, 429),
    )
    async def get(self, request: Any) -> Reply:
        """Ask for one's data; ask again until it is ready. Needs a fresh proof of who one is.

        While none is being made or waiting to be taken, asking starts one in the background and answers 202.
        Once it is ready the answer is 200 and names the address from which it can be taken, once, for a day.
        """
        self.principal.require_fresh()
        export = await wiring.export_service().request(user_id=self.principal.user_id)
        ready = export.state == DataExport.State.READY
        url = f"{settings.PUBLIC_URL}/api/v1/auth/me/exports/{export.id}/file"
        row = {name: getattr(export, name) for name in ("id", "state", "created_at", "size", "expires_at")}
        answer = {**row, "download_url": url if ready else None}
        return Reply(answer) if ready else Reply(answer, status=202, headers={"Retry-After": "3"})


class ExportFile(ApiView):
    """The archive of a finished export."""

    @extend_schema(
        operation_id="take_export",
        summary="Download the copy of your data",
        responses={(200, "application/zip"): OpenApiTypes.BINARY}
        | problem_responses(401, ReauthRequired, 404, ExportNotReady, ExportGone),
    )
    async def get(self, request: Any, id: UUID) -> StreamingHttpResponse:
        """Take it. This works once, and needs a fresh proof of who one is."""
        self.principal.require_fresh()
        pieces = await wiring.export_service().take(user_id=self.principal.user_id, export_id=id)
        return archive_response(pieces)
