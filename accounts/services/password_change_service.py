"""New passwords: by a mailed link, or by a signed-in person who knows the old one."""

from collections.abc import Collection
from uuid import UUID

from accounts.errors import LinkNotValid
from accounts.models import ApiKey, OneTimeLink, Session, User
from accounts.services.mailed_link_service import MailedLinkService
from accounts.services.password_service import PasswordService
from accounts.services.sessions.session_service import SessionService
from accounts.services.throttle_service import ThrottleService
from dashtam.bridge.doors import run_db
from dashtam.bridge.hashing import place_to_hash
from dashtam.crypto import sealed_tokens
from dashtam.errors import Conflict, FieldError, Unauthorized, ValidationFailed


class PasswordChangeService:
    """Replaces passwords, and ends the sessions that were opened with the old one."""

    def __init__(
        self,
        *,
        throttle: ThrottleService,
        passwords: PasswordService,
        sessions: SessionService,
        links: MailedLinkService,
    ) -> None:
        self.throttle = throttle
        self.passwords = passwords
        self.sessions = sessions
        self.links = links

    async def request_reset(self, *, email: str) -> None:
        """Mail a link to set a new password, if `email` has an account. Same answer and work if not.

        Raises TooManyRequests.
        """
        await self.links.send(email=email, purpose=OneTimeLink.Purpose.RESET_PASSWORD)

    async def api_keys(self, *, token: str) -> list[ApiKey]:
        """The live API keys of the account whose password the mailed link can set; none if it does not count."""
        sealed = sealed_tokens.unseal(OneTimeLink.Purpose.RESET_PASSWORD, token)
        purpose = OneTimeLink.Purpose.RESET_PASSWORD
        link = await run_db(OneTimeLink.objects.open, id=sealed.id, purpose=purpose) if sealed else None
        return await run_db(list, ApiKey.objects.live().filter(user_id=link.user_id)) if link else []

    async def reset(
        self, *, token: str, password: str, ip: str | None, keep_api_keys: Collection[UUID] = ()
    ) -> str:
        """Set a new password by mailed link, end all sessions, and all API keys but those to keep; opens none.

        Returns the email address.

        Raises LinkNotValid, and ValidationFailed for a weak password, which leaves the link usable.
        """
        purpose = OneTimeLink.Purpose.RESET_PASSWORD
        link_id = (await self.links.read(token, purpose)).id
        link = await run_db(OneTimeLink.objects.open, id=link_id, purpose=purpose)
        if link is None:
            raise LinkNotValid()
        self.passwords.require_strength(password, email=link.user.email, name=link.user.name)
        with place_to_hash(stranger=False) as place:
            await self.throttle.by_link(link_id=link_id)
            password_hash = await place.run(self.passwords.hash_password, password)
        change = {
            "link_id": link_id,
            "password_hash": password_hash,
            "ip": ip,
            "keep_api_keys": keep_api_keys,
        }
        if await self.sessions.end(User.objects.reset_password, **change) is None:
            raise LinkNotValid()
        return link.user.email

    async def change(
        self, *, user_id: UUID, session_id: UUID, current_password: str, new_password: str, ip: str | None
    ) -> Session:
        """Replace a person's password and end all other sessions; returns the one that goes on, with a new cookie.

        Raises ValidationFailed naming the field, and Conflict.
        """
        user = await User.objects.aget(id=user_id)
        self.passwords.require_strength(new_password, email=user.email, name=user.name, field="new_password")
        with place_to_hash(stranger=False) as place:
            attempt = await self.throttle.proof(session_id=session_id, user_id=user_id)
            matched = await place.run(self.passwords.verify_password, current_password, user.password)
            if not matched or attempt.locked:
                detail = (
                    "This is not your current password. Try again, or sign out and set a new one by mail."
                )
                raise ValidationFailed(errors=[FieldError("current_password", "wrong_password", detail)])
            await self.throttle.succeeded(attempt)
            password_hash = await place.run(self.passwords.hash_password, new_password)
        change = {"user": user, "password_hash": password_hash, "keep_session": session_id, "ip": ip}
        if await self.sessions.end(User.objects.change_password, **change) is None:
            raise Conflict("Your password was changed elsewhere just now. Sign in again.")
        await self.sessions.forget([session_id])
        session = await run_db(Session.objects.seen, id=session_id)
        if session is None:
            raise Unauthorized
        return session
