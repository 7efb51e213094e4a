"""Changing the address one signs in with."""

from typing import NamedTuple
from uuid import UUID

from accounts.errors import LinkNotValid
from accounts.limits import EMAIL_CHANGE_BY_PERSON, EMAIL_CHANGE_TO_EMAIL
from accounts.models import EmailChange
from accounts.services.session_service import SessionService
from accounts.services.throttle_service import ThrottleService
from dashtam import limits
from dashtam.bridge.doors import run_db
from dashtam.crypto import sealed_tokens
from dashtam.errors import FieldError, ValidationFailed

FROM_NEW = ("confirm_new_email",)  # the mails whose links speak for each address
FROM_OLD = ("email_change_asked", "email_change_waiting")


class _Side(NamedTuple):
    change_id: UUID
    new: bool


class EmailChangeService:
    """A change counts once both addresses agree; a lost old mailbox, after a week in which it could object."""

    def __init__(self, *, throttle: ThrottleService, sessions: SessionService) -> None:
        self.throttle = throttle
        self.sessions = sessions

    async def ask(self, *, user_id: UUID, session_id: UUID, current: str, email: str) -> None:
        """Mail both addresses. Same answer whether or not the new one is taken.

        Raises ValidationFailed for the address that is theirs already, and TooManyRequests.
        """
        if email == current:
            detail = "This is your address already. Enter the one you want to change to."
            raise ValidationFailed(errors=[FieldError("email", "same_email", detail)])
        await limits.require((EMAIL_CHANGE_BY_PERSON, user_id), (EMAIL_CHANGE_TO_EMAIL, email))
        await run_db(EmailChange.objects.ask, user_id=user_id, session_id=session_id, new_email=email)

    async def confirm(self, *, token: str) -> None:
        """One of the two addresses agrees. Raises LinkNotValid, and TooManyRequests."""
        side = await self._side(token)
        change = {"id": side.change_id, "new": side.new}
        if await self.sessions.end(EmailChange.objects.confirm, **change) is None:
            raise LinkNotValid
        await self._forget(side.change_id)

    async def stop(self, *, token: str) -> None:
        """The old address objects. Raises LinkNotValid, and TooManyRequests."""
        side = await self._side(token)
        if side.new or not await run_db(EmailChange.objects.stop, id=side.change_id):
            raise LinkNotValid

    async def cancel(self, *, user_id: UUID) -> None:
        """The person has thought again."""
        await run_db(EmailChange.objects.stop_all, user_id=user_id)

    async def finish_overdue(self) -> None:
        """Carry out the changes whose old address has said nothing for a week."""
        for change_id in await run_db(EmailChange.objects.overdue):
            await self.sessions.end(EmailChange.objects.finish_overdue, id=change_id)
            await self._forget(change_id)

    async def _forget(self, change_id: UUID) -> None:
        """The session that goes on is remembered with the old address."""
        change = await run_db(EmailChange.objects.get, id=change_id)
        await self.sessions.forget([change.session_id])

    async def _side(self, token: str) -> _Side:
        for kind in (*FROM_NEW, *FROM_OLD):
            sealed = sealed_tokens.unseal(kind, token)
            if sealed is not None:
                return _Side(sealed.id, new=kind in FROM_NEW)
        await self.throttle.forged()
        raise LinkNotValid
