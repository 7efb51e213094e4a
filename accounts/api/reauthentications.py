"""Reauthentication, over the API."""

from typing import Any

from drf_spectacular.utils import extend_schema

from accounts import wiring
from accounts.api import serializers
from accounts.errors import OtpInvalid, OtpRequired
from dashtam.api.openapi import problem_responses
from dashtam.api.views import ApiView, Reply


class Reauthentications(ApiView):
    """Fresh proofs of identity."""

    @extend_schema(
        operation_id="reauthenticate",
        summary="Prove once more who you are",
        request=serializers.Reauthentication,
        responses={204: None} | problem_responses(400, 401, OtpRequired, OtpInvalid, 429),
    )
    async def post(self, request: Any) -> Reply:
        """Prove once more who you are. For five minutes, changes that answer 403 `reauth_required` are then open."""
        proof = self.read(serializers.Reauthentication)
        await wiring.reauthentication_service().by_password(principal=self.principal, **proof)
        return Reply(status=204)
