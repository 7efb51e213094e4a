"""Background work of notifications."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from dashtam.bridge.doors import run_aside
from dashtam.jobs.background import background
from dashtam.jobs.deletion import delete_in_parts
from notifications import wiring
from notifications.models import Email, Suppression
from notifications.transports import outbox

if TYPE_CHECKING:
    from django.db.models import QuerySet

# Waits of 3, 9, 27 … 59,049 seconds: eleven attempts over a day. It is EmailService that gives up, and notes it.
BACKOFF = RetryStrategy(exponential_wait=3)


@background(queue="mail", retry=BACKOFF)
async def deliver_email(email_id: str) -> None:
    """Send one queued mail."""
    await wiring.email_service().deliver(email_id=UUID(email_id))


@app.periodic(cron="33 4 * * *")
@background(queue="schedule", queueing_lock="forget_old_mail")
async def forget_old_mail(timestamp: int) -> None:
    """Delete the rows of mails long sent or given up, and their files: they hold email addresses."""
    for rows in ending():
        await delete_in_parts(rows)
    await run_aside(outbox.forget_files, settings.OUTBOX, time.time() - Email.KEPT.total_seconds())


def ending() -> Iterator["QuerySet[Any]"]:
    """The rows whose time is over."""
    yield Email.objects.long_over()
    yield Suppression.objects.long_over()
