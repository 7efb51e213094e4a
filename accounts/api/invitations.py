"""Invitations, over the API: for staff whose role lets them invite."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers

from accounts import queries, wiring
from accounts.api.serializers import Email
from accounts.errors import ReauthRequired, SignUpClosed
from dashtam.api.openapi import CREATED, list_of, problem_responses
from dashtam.api.paging import Listing
from dashtam.api.views import ApiView, Reply
from dashtam.errors import Forbidden


@extend_schema_serializer(component_name="Invitation")
class InvitationRow(serializers.Serializer[Any]):
    """An invitation to have an account here."""

    id = serializers.UUIDField()
    email = serializers.CharField()
    state = serializers.ChoiceField(choices=["waiting", "used", "expired", "taken back"])
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


InvitationsPage = list_of(InvitationRow, name="Invitations", doc="All of them; there is never a second page.")


class Invitations(ApiView):
    """The invitations that one has sent."""

    idempotent = True

    @extend_schema(
        operation_id="invitations",
        summary="List invitations",
        responses={200: InvitationsPage} | problem_responses(401, Forbidden),
    )
    async def get(self, request: Any) -> Listing[Any]:
        """List the invitations of the last weeks, newest first. Staff only."""
        await wiring.invitation_service().require_inviter(user_id=self.principal.user_id)
        return Listing(await queries.invitations(self.principal.user_id), None)

    @extend_schema(
        operation_id="invite",
        summary="Invite a person",
        parameters=[CREATED],
        request=Email,
        responses={201: InvitationRow}
        | problem_responses(400, 401, Forbidden, ReauthRequired, SignUpClosed, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Mail an invitation. Staff only; needs a fresh proof of who one is.

        It is for this address alone and works once, for a week. Inviting an address again ends the link before.
        """
        self.principal.require_fresh()
        sent = await wiring.invitation_service().invite(user_id=self.principal.user_id, **self.read(Email))
        row = {field: getattr(sent, field) for field in InvitationRow().get_fields()}
        return Reply(row, status=201, headers={"Location": f"/api/v1/auth/invitations/{sent.id}"})


class Invitation(ApiView):
    """One invitation."""

    @extend_schema(
        operation_id="revoke_invitation",
        summary="Take an invitation back",
        responses={204: None} | problem_responses(401, Forbidden, 404),
    )
    async def delete(self, request: Any, id: UUID) -> Reply:
        """Take it back. Its link stops working at once."""
        await wiring.invitation_service().revoke(user_id=self.principal.user_id, invitation_id=id)
        return Reply(status=204)
