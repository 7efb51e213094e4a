"""Feedback on mail that the mail service has taken: verified, then acted upon."""

import logging
from urllib.parse import urlencode

from dashtam.bridge.doors import run_db
from dashtam.errors import NotFound
from notifications.errors import FeedbackRefused
from notifications.feedback import ses, sns
from notifications.feedback.certificates import Certificates
from notifications.models import Email, Suppression

logger = logging.getLogger(__name__)


class FeedbackService:
    """Hears one SNS topic, and nothing that is not signed for it."""

    def __init__(self, *, certificates: Certificates | None) -> None:
        self.certificates = certificates

    async def receive(self, *, body: bytes) -> None:
        """Act upon one message of the topic. Raises NotFound without a topic, FeedbackRefused, FeedbackNotNow."""
        if self.certificates is None:
            raise NotFound
        message = sns.read(body)
        if message.TopicArn != self.certificates.topic.arn:
            raise FeedbackRefused
        sns.verify(message, await self.certificates.key(message.SigningCertURL))
        if message.Type == sns.CONFIRMATION:
            await self._confirm(self.certificates, message)
        elif message.Type == sns.NOTIFICATION:
            await self._stop(message)
        else:
            logger.warning("The topic no longer sends feedback on mail here: its subscription was ended.")

    async def _confirm(self, certificates: Certificates, message: sns.SnsMessage) -> None:
        """Agree to the subscription, in words of our own: the URL in the message is never called."""
        asked = {
            "Action": "ConfirmSubscription",
            "TopicArn": certificates.topic.arn,
            "Token": message.Token or "",
            "Version": "2010-03-31",
        }
        await certificates.fetch(f"/?{urlencode(asked)}")
        logger.info("The topic sends feedback on mail here from now on.")

    async def _stop(self, message: sns.SnsMessage) -> None:
        for stop in ses.stops_in(message.Message):
            await run_db(
                Suppression.objects.note,
                address=stop.address,
                reason=stop.reason,
                detail=stop.detail,
                happened_at=stop.happened_at,
            )
            await run_db(Email.objects.came_back, message_id=stop.message_id, reason=stop.reason)
