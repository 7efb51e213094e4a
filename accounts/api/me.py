"""One's own profile and sessions, over the API."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema

from accounts import queries, wiring
from accounts.api import serializers
from accounts.errors import DeletionBegun, ReauthRequired
from accounts.services.sessions.ticket_service import TICKET_SECONDS
from dashtam.api.openapi import problem_responses
from dashtam.api.paging import Listing
from dashtam.api.views import MANAGE, READ, ApiView, Reply


class Me(ApiView):
    """One's own account."""

    scopes: ClassVar[Mapping[str, str]] = {"GET": READ, "PATCH": MANAGE}

    @extend_schema(
        operation_id="me",
        summary="Read your profile",
        responses={200: serializers.Profile} | problem_responses(401),
    )
    async def get(self, request: Any) -> Reply:
        """Read one's own profile."""
        return Reply(await queries.profile(self.principal.user_id))

    @extend_schema(
        operation_id="change_me",
        summary="Change your profile",
        request=serializers.ProfileChange,
        responses={200: serializers.Profile} | problem_responses(400, 401),
    )
    async def patch(self, request: Any) -> Reply:
        """Change name, time zone or base currency."""
        changes = self.read(serializers.ProfileChange)
        await wiring.auth_service().update_profile(user_id=self.principal.user_id, **changes)
        return Reply(await queries.profile(self.principal.user_id))

    @extend_schema(
        operation_id="delete_me",
        summary="Delete your account",
        responses={202: serializers.Leaving} | problem_responses(401, ReauthRequired),
    )
    async def delete(self, request: Any) -> Reply:
        """Have one's account deleted after some days of grace. Needs a fresh proof of who one is.

        All sessions and API keys end at once and nothing is synced any more. Until the day that the answer
        names, signing in and DELETE on `me/deletion` keep the account. Then the consents are ended at the
        institutions and everything is deleted.
        """
        self.principal.require_fresh()
        await wiring.leaving_service().leave(user_id=self.principal.user_id)
        profile = await queries.profile(self.principal.user_id)
        return Reply({"deletion_due_at": profile["deletion_due_at"]}, status=202)


class Deletion(ApiView):
    """The deletion of one's account, until it is carried out."""

    @extend_schema(
        operation_id="keep_me",
        summary="Keep your account after all",
        responses={204: None} | problem_responses(401, DeletionBegun),
    )
    async def delete(self, request: Any) -> Reply:
        """Keep the account after all, until the day of its deletion."""
        await wiring.leaving_service().stay(user_id=self.principal.user_id)
        return Reply(status=204)


class Sessions(ApiView):
    """One's live sessions."""

    @extend_schema(
        operation_id="sessions",
        summary="List sessions",
        responses={200: serializers.Sessions} | problem_responses(401),
    )
    async def get(self, request: Any) -> Listing[Any]:
        """List one's sessions, this one first."""
        person = self.principal
        return Listing(await queries.sessions(person.user_id, session_id=person.session_id), None)

    @extend_schema(operation_id="end_other_sessions", responses={204: None} | problem_responses(401))
    async def delete(self, request: Any) -> Reply:
        """End all sessions but this one."""
        person = self.principal
        service = wiring.auth_service()
        await service.end_other_sessions(user_id=person.user_id, session_id=person.session_id)
        return Reply(status=204)


class Session(ApiView):
    """One session."""

    @extend_schema(
        operation_id="end_session",
        summary="End a session",
        responses={204: None} | problem_responses(401, 404),
    )
    async def delete(self, request: Any, id: UUID) -> Reply:
        """End it. Its access and refresh tokens stop working at once."""
        await wiring.auth_service().end_session(user_id=self.principal.user_id, session_id=id)
        return Reply(status=204)


class Tickets(ApiView):
    """One-time tickets that open a WebSocket."""

    scopes: ClassVar[Mapping[str, str]] = {"POST": READ}

    @extend_schema(
        operation_id="create_ticket",
        summary="Get a ticket for live events",
        request=None,
        responses={201: serializers.Ticket} | problem_responses(401),
    )
    async def post(self, request: Any) -> Reply:
        """Get a word for `/ws/events?ticket=…`, good once and for half a minute.

        An API key with the scope `read` gets one too. The socket ends when the session or the key ends.
        """
        ticket = await wiring.ticket_service().create(principal=self.principal)
        return Reply({"ticket": ticket, "expires_in": TICKET_SECONDS}, status=201)
