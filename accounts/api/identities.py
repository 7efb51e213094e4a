"""Links with the sign-in provider, over the API. They are made in a browser only."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers

from accounts import wiring
from accounts.errors import ReauthRequired
from accounts.oidc import queries
from dashtam.api.openapi import list_of, problem_responses
from dashtam.api.paging import Listing
from dashtam.api.views import ApiView, Reply


@extend_schema_serializer(component_name="Identity")
class IdentityRow(serializers.Serializer[Any]):
    """A person of a sign-in provider, who can sign in to the account."""

    id = serializers.UUIDField()
    issuer = serializers.CharField()
    label = serializers.CharField(  # type: ignore[assignment] # a field is called as the one of all fields
        help_text="What the provider calls the person; for people to read."
    )
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


IdentitiesPage = list_of(IdentityRow, name="Identities", doc="All of them; there is never a second page.")


class Identities(ApiView):
    """The identities that one's account is linked with."""

    @extend_schema(
        operation_id="identities",
        summary="List links with sign-in providers",
        responses={200: IdentitiesPage} | problem_responses(401),
    )
    async def get(self, request: Any) -> Listing[Any]:
        """List the identities that can sign in to the account. New ones are linked in a browser."""
        return Listing(await queries.identities(self.principal.user_id), None)


class Identity(ApiView):
    """One identity."""

    @extend_schema(
        operation_id="unlink_identity",
        summary="Remove a link with a sign-in provider",
        responses={204: None} | problem_responses(401, ReauthRequired, 404),
    )
    async def delete(self, request: Any, id: UUID) -> Reply:
        """Unlink it. Needs a fresh proof of who one is."""
        self.principal.require_fresh()
        await wiring.identity_service().unlink(user_id=self.principal.user_id, identity_id=id)
        return Reply(status=204)
