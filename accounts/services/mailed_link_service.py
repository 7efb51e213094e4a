"""Mailed links: sending them, and reading the sealed token that comes back."""

from typing import NamedTuple
from uuid import UUID

from accounts.errors import LinkNotValid
from accounts.models import OneTimeLink, User
from accounts.services.throttle_service import ThrottleService
from dashtam.bridge.doors import run_db
from dashtam.crypto import sealed_tokens


class MailedLink(NamedTuple):
    """A genuine token: the kind of mail that carried it, and the id of what it is about."""

    kind: str
    id: UUID


class MailedLinkService:
    """One-time links. Only the database knows whether a genuine one still counts."""

    def __init__(self, *, throttle: ThrottleService) -> None:
        self.throttle = throttle

    async def send(self, *, email: str, purpose: OneTimeLink.Purpose) -> None:
        """Mail a link, if an account may have one. Same answer and work if not. Raises TooManyRequests."""
        if await self.throttle.mail(email=email, purpose=purpose):
            await run_db(User.objects.mail_link, email=email, purpose=purpose)

    async def read(self, token: str, *kinds: str) -> MailedLink:
        """Find which of these kinds of mail the token is from. Raises LinkNotValid, and TooManyRequests."""
        for kind in kinds:
            sealed = sealed_tokens.unseal(kind, token)
            if sealed is not None:
                await self.throttle.link()
                return MailedLink(kind, sealed.id)
        await self.throttle.forged()
        raise LinkNotValid()
