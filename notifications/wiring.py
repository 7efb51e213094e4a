"""Builds the services of notifications from the settings."""

import functools
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from channels.layers import get_channel_layer
from django.conf import settings

from notifications.feedback.certificates import Certificates
from notifications.feedback.topic import Topic
from notifications.services.email_service import EmailService
from notifications.services.feedback_service import FeedbackService
from notifications.services.live_event_service import LiveEventService
from notifications.transports import Transport
from notifications.transports.outbox import OutboxTransport

if TYPE_CHECKING:
    from notifications.transports.smtp import SmtpTransport

MAIL_ATTEMPTS = 11  # with the waits of tasks.BACKOFF about a day


def email_service() -> EmailService:
    """Sending mail, by the transport that EMAIL_PROVIDER names."""
    return EmailService(transport=_transport(), attempts=MAIL_ATTEMPTS)


def _transport() -> Transport:
    if settings.EMAIL_PROVIDER == "smtp":
        return smtp_transport()
    if settings.EMAIL_PROVIDER != "ses":
        return OutboxTransport(folder=settings.OUTBOX)
    from notifications.transports.ses import SesCredentials, SesTransport  # botocore only where it is used

    credentials = SesCredentials(
        access_key_id=settings.AWS_ACCESS_KEY_ID,
        secret_access_key=settings.AWS_SECRET_ACCESS_KEY,
        region=settings.AWS_REGION,
    )
    return SesTransport(endpoint=settings.AWS_SES_REGION_ENDPOINT_URL, credentials=credentials)


def smtp_transport() -> "SmtpTransport":
    """The way out by SMTP. Its library is loaded only where it is used, as that of SES is."""
    from notifications.transports.smtp import SmtpServer, SmtpTransport

    server = SmtpServer(
        host=settings.SMTP_HOST,
        port=settings.SMTP_PORT,
        security=settings.SMTP_SECURITY,
        username=settings.SMTP_USERNAME,
        password=settings.SMTP_PASSWORD,
        ca_file=settings.SMTP_CA_FILE,
    )
    return SmtpTransport(server=server, own_name=urlsplit(settings.PUBLIC_URL).hostname or "localhost")


def feedback_service() -> FeedbackService:
    """Feedback of the mail service, if a topic is listened to."""
    return FeedbackService(
        certificates=_certificates(settings.AWS_SES_TOPIC_ARN, settings.AWS_SNS_ENDPOINT_URL)
    )


@functools.lru_cache(maxsize=4)
def _certificates(arn: str, endpoint: str) -> Certificates | None:
    return Certificates(Topic.of(arn, endpoint=endpoint)) if arn else None


def live_event_service() -> LiveEventService:
    """Publishing live events."""
    return _live_event_service(get_channel_layer())


@functools.cache
def _live_event_service(layer: Any) -> LiveEventService:
    """Keep one service for each channel layer, so that it remembers for a moment that the server is away."""
    return LiveEventService(layer=layer)
