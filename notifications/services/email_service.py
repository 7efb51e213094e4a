"""Mail: queueing, and delivery with its outcome."""

import logging
from uuid import UUID

from django.utils import timezone

from dashtam.bridge.doors import run_db
from dashtam.telemetry import metrics
from notifications import kinds, messages
from notifications.errors import MailboxGone, MailDelayed, MailRejected
from notifications.models import Email, Suppression
from notifications.transports import Transport

logger = logging.getLogger(__name__)


class EmailService:
    """Queues mail in the database and delivers it from a worker, at least once and as a rule exactly once."""

    def __init__(self, *, transport: Transport, attempts: int) -> None:
        self.transport = transport
        self.attempts = attempts

    async def queue(
        self, *, user_id: UUID | None, to: str, kind: str, context: dict[str, str] | None = None
    ) -> Email:
        """Queue a mail in a transaction of its own. Within another, call `Email.objects.queue`."""
        return await run_db(Email.objects.queue, user_id=user_id, to=to, kind=kind, context=context)

    async def deliver(self, *, email_id: UUID) -> None:
        """Send a queued mail and note the outcome. Does nothing if it is sent, given up or deleted.

        Raises MailDelayed when it should be tried again.
        """
        email = await run_db(Email.objects.claim, email_id)
        if email is None:
            return
        try:
            message_id = await self._send(email)
        except MailRejected as error:
            await self._give_up(email, error)
        except MailDelayed as error:
            metrics.mail("delayed")
            await self._delay(email, error)
        except Exception:
            await run_db(email.mark_failed, "internal_error")
            raise
        else:
            metrics.mail("sent")
            await run_db(email.mark_sent, message_id)

    async def _send(self, email: Email) -> str:
        lifetime = kinds.KINDS[email.kind].link_lifetime
        if lifetime is not None and timezone.now() > email.created_at + lifetime:
            raise MailRejected(code="link_expired")
        if await run_db(Suppression.objects.stops, email.to):
            raise MailRejected(code="mail_suppressed")
        return await self.transport.send(messages.render(email))

    async def _give_up(self, email: Email, error: MailRejected) -> None:
        logger.warning("Mail %s was refused for good: %s.", email.id, error.code)
        metrics.mail("rejected")
        await run_db(email.mark_failed, error.code)
        if not isinstance(error, MailboxGone):
            return
        now, why = timezone.now(), Suppression.Reason.BOUNCE
        await run_db(Suppression.objects.note, address=email.to, reason=why, detail="smtp", happened_at=now)

    async def _delay(self, email: Email, error: MailDelayed) -> None:
        if email.attempts >= self.attempts:
            logger.error("Mail %s was given up after %s attempts: %s.", email.id, email.attempts, error.code)
            await run_db(email.mark_failed, error.code)
            return
        await run_db(email.mark_delayed, error.code)
        raise error
