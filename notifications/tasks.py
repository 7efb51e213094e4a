"""Background work of notifications."""

from uuid import UUID

from procrastinate import RetryStrategy

from dashtam.tasks import background
from notifications import wiring

# Waits of 3, 9, 27 … 59,049 seconds: eleven attempts over a day. It is EmailService that gives up, and notes it.
BACKOFF = RetryStrategy(exponential_wait=3)


@background(queue="mail", retry=BACKOFF)
async def deliver_email(email_id: str) -> None:
    """Send one queued mail."""
    await wiring.email_service().deliver(email_id=UUID(email_id))
