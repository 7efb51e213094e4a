"""Background work of notifications."""

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from dashtam.jobs.background import background
from dashtam.jobs.deletion import delete_in_parts
from notifications import wiring
from notifications.models import Email

# Waits of 3, 9, 27 … 59,049 seconds: eleven attempts over a day. It is EmailService that gives up, and notes it.
BACKOFF = RetryStrategy(exponential_wait=3)


@background(queue="mail", retry=BACKOFF)
async def deliver_email(email_id: str) -> None:
    """Send one queued mail."""
    await wiring.email_service().deliver(email_id=UUID(email_id))


@app.periodic(cron="33 4 * * *")
@background(queue="schedule", queueing_lock="forget_old_mail")
async def forget_old_mail(timestamp: int) -> None:
    """Delete the rows of mails long sent or given up: they hold email addresses."""
    await delete_in_parts(Email.objects.long_over())
