"""Changes of the email address that a person signs in with."""

from uuid import UUID

from accounts.audit import stopped_mail
from accounts.errors import LinkNotValid
from accounts.limits import EMAIL_CHANGE_BY_PERSON, EMAIL_CHANGE_TO_EMAIL, RESUME_BY_PERSON
from accounts.models import EmailChange
from accounts.services.mailed_link_service import MailedLinkService
from accounts.services.sessions.session_service import SessionService
from dashtam import limits
from dashtam.bridge.doors import run_db
from dashtam.errors import FieldError, ValidationFailed

FROM_NEW = ("confirm_new_email",)  # the kinds of mail whose links speak for each email address
FROM_OLD = ("email_change_asked", "email_change_waiting")


class EmailChangeService:
    """A change counts once both email addresses agree; or a week after the new one did, unless the old one objects."""

    def __init__(self, *, sessions: SessionService, links: MailedLinkService) -> None:
        self.sessions = sessions
        self.links = links

    async def ask(self, *, user_id: UUID, session_id: UUID, current: str, email: str) -> None:
        """Mail both email addresses. Same answer whether or not the new one is taken.

        Raises ValidationFailed for the one that the account has already, and TooManyRequests.
        """
        if email == current:
            detail = "This is your address already. Enter the one you want to change to."
            raise ValidationFailed(errors=[FieldError("email", "same_email", detail)])
        await limits.require((EMAIL_CHANGE_BY_PERSON, user_id), (EMAIL_CHANGE_TO_EMAIL, email))
        await run_db(EmailChange.objects.ask, user_id=user_id, session_id=session_id, new_email=email)

    async def confirm(self, *, token: str) -> None:
        """Agree for one of the two email addresses. Raises LinkNotValid, and TooManyRequests."""
        link = await self.links.read(token, *FROM_NEW, *FROM_OLD)
        change = {"id": link.id, "new": link.kind in FROM_NEW}
        if await self.sessions.end(EmailChange.objects.confirm, **change) is None:
            raise LinkNotValid
        await self._forget(link.id)

    async def stop(self, *, token: str) -> None:
        """Object for the old email address. Raises LinkNotValid, and TooManyRequests."""
        link = await self.links.read(token, *FROM_NEW, *FROM_OLD)
        if link.kind in FROM_NEW or not await run_db(EmailChange.objects.stop, id=link.id):
            raise LinkNotValid

    async def resume(self, *, user_id: UUID, session_id: UUID, email: str) -> None:
        """Let mail go to the person's own address again, as they say that it arrives there. Raises TooManyRequests."""
        await limits.require((RESUME_BY_PERSON, user_id))
        await run_db(stopped_mail.resume, email, actor_id=user_id)
        await self.sessions.forget([session_id])

    async def cancel(self, *, user_id: UUID) -> None:
        """Take the wish back."""
        await run_db(EmailChange.objects.stop_all, user_id=user_id)

    async def finish_overdue(self) -> None:
        """Carry out the changes whose old email address has not answered for a week."""
        for change_id in await run_db(EmailChange.objects.overdue):
            await self.sessions.end(EmailChange.objects.finish_overdue, id=change_id)
            await self._forget(change_id)

    async def _forget(self, change_id: UUID) -> None:
        """Drop the cached principal of the session that goes on: it has the old email address."""
        change = await run_db(EmailChange.objects.get, id=change_id)
        await self.sessions.forget([change.session_id])
