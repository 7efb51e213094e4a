"""Feedback of the mail service on mail that it has taken."""

from typing import Any

from dashtam import limits
from dashtam.api.views import ApiView, Reply
from dashtam.errors import PayloadTooLarge
from dashtam.limits import Limit
from dashtam.web import measures, visitor
from notifications import wiring

LARGEST = 262_144  # bytes; the most that SNS sends
BY_NETWORK = Limit("feedback by network", 600, 60)


class SnsFeedback(ApiView):
    """Amazon SNS, which tells of bounces and complaints. The answer tells a stranger nothing."""

    public = True
    schema = None

    async def post(self, request: Any) -> Reply:
        """Take one message, if it is signed for our topic."""
        await limits.require((BY_NETWORK, visitor.customer_of(visitor.request_ip.get())))
        if measures.content_length(request) > LARGEST:
            raise PayloadTooLarge()
        await wiring.feedback_service().receive(body=request.body)
        return Reply(status=204)
