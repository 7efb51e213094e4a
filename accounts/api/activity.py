"""The activity of one's account, over the API."""

from typing import Any

from drf_spectacular.utils import extend_schema

from accounts import queries
from accounts.api import serializers
from dashtam.api.openapi import Empty, PageQuery, list_of, problem_responses
from dashtam.api.paging import Listing, page
from dashtam.api.views import ApiView


class Activity(ApiView):
    """The audit events of one's own account."""

    @extend_schema(
        operation_id="activity",
        summary="Read what happened to your account",
        parameters=[PageQuery],
        responses={200: list_of(serializers.Event)} | problem_responses(400, 401),
    )
    async def get(self, request: Any) -> Listing[Any]:
        """Sign-ins, changes, and every look that support took, with its reason; newest first."""
        self.read_query(Empty)
        return await queries.activity(self.principal.user_id, page=page(request))
