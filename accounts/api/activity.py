"""What happened to one's account, over the API."""

from typing import Any

from drf_spectacular.utils import extend_schema

from accounts import queries
from accounts.api import serializers
from dashtam.api.openapi import Empty, PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import ApiView
from dashtam.bridge.doors import run_db


class Activity(ApiView):
    """The audit log, as far as it is about oneself."""

    @extend_schema(
        operation_id="activity",
        summary="Read what happened to your account",
        parameters=[PageQuery],
        responses={200: list_of(serializers.Event)} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> Listing:
        """Sign-ins, changes, and every look that support took, with its reason; newest first."""
        self.read_query(Empty)
        return await run_db(queries.activity, user_id=self.principal.user_id, page=page(request))
