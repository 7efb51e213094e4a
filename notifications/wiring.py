"""Builds the services of notifications from the settings."""

import functools
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings

from notifications.services.email_service import EmailService
from notifications.services.live_event_service import LiveEventService
from notifications.transports import Transport
from notifications.transports.outbox import OutboxTransport

MAIL_ATTEMPTS = 11  # with the waits of tasks.BACKOFF about a day


def email_service() -> EmailService:
    """Sending mail, by the transport that EMAIL_PROVIDER names."""
    return EmailService(transport=_transport(), attempts=MAIL_ATTEMPTS)


def _transport() -> Transport:
    if settings.EMAIL_PROVIDER != "ses":
        return OutboxTransport(folder=settings.OUTBOX)
    from notifications.transports.ses import SesCredentials, SesTransport  # botocore only where it is used

    credentials = SesCredentials(
        access_key_id=settings.AWS_ACCESS_KEY_ID,
        secret_access_key=settings.AWS_SECRET_ACCESS_KEY,
        region=settings.AWS_REGION,
    )
    return SesTransport(endpoint=settings.AWS_SES_REGION_ENDPOINT_URL, credentials=credentials)


def live_event_service() -> LiveEventService:
    """Publishing live events."""
    return _live_event_service(get_channel_layer())


@functools.cache
def _live_event_service(layer: Any) -> LiveEventService:
    """Keep one service for each channel layer, so that it remembers for a moment that the server is away."""
    return LiveEventService(layer=layer)
