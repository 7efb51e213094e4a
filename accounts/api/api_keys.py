"""API keys, over the API. Only a session makes and ends them, never another key."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema

from accounts import queries, wiring
from accounts.api import serializers
from accounts.errors import ReauthRequired, TooManyApiKeys
from dashtam.api.openapi import CREATED, problem_responses
from dashtam.api.paging import Listing
from dashtam.api.views import ApiView, Reply


class ApiKeys(ApiView):
    """The API keys of one's own programs."""

    idempotent = True

    def may_repeat(self) -> None:
        """The answer shows the key: it needs a fresh proof each time."""
        self.principal.require_fresh()

    @extend_schema(
        operation_id="api_keys",
        summary="List API keys",
        responses={200: serializers.ApiKeys} | problem_responses(401),
    )
    async def get(self, request: Any) -> Listing[Any]:
        """List the keys that work, newest first."""
        return Listing(await queries.api_keys(self.principal.user_id), None)

    @extend_schema(
        operation_id="create_api_key",
        summary="Create an API key",
        parameters=[CREATED],
        request=serializers.NewApiKey,
        responses={201: serializers.CreatedApiKey}
        | problem_responses(400, 401, ReauthRequired, TooManyApiKeys, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Create a key; the answer shows it this once. Needs a fresh proof of who one is."""
        self.principal.require_fresh()
        wanted = self.read(serializers.NewApiKey)
        created = await wiring.api_key_service().create(
            user_id=self.principal.user_id,
            name=wanted["name"],
            scopes=list(wanted["scopes"]),
            days=wanted["expires_in_days"],
        )
        row = {field: getattr(created.row, field) for field in serializers.ApiKey().get_fields()}
        location = f"/api/v1/auth/api-keys/{created.row.id}"
        return Reply({**row, "key": created.key}, status=201, headers={"Location": location})


class ApiKey(ApiView):
    """One API key."""

    @extend_schema(
        operation_id="end_api_key",
        summary="End an API key",
        responses={204: None} | problem_responses(401, 404),
    )
    async def delete(self, request: Any, id: UUID) -> Reply:
        """End it. It stops working at once."""
        await wiring.api_key_service().end(user_id=self.principal.user_id, key_id=id)
        return Reply(status=204)
