"""Invitations: sent by staff, taken back, and turned into accounts."""

from uuid import UUID

from django.db import DatabaseError, InterfaceError

from accounts.errors import InvitationNeeded, LinkNotValid, SignUpClosed
from accounts.limits import INVITE_BY_PERSON, MAIL_BY_ACCOUNT
from accounts.models import Invitation, User
from accounts.services.mailed_link_service import MailedLinkService
from accounts.services.password_service import PasswordService
from accounts.services.throttle_service import ThrottleService
from dashtam import limits
from dashtam.bridge.doors import run_db
from dashtam.bridge.hashing import place_to_hash
from dashtam.errors import DashtamError, FieldError, Forbidden, NotFound, ServiceBusy, ValidationFailed

OPEN, CLOSED = "open", "closed"  # of SIGN_UP
PERMISSION = "accounts.invite_people"


class InvitationService:
    """An invitation is for one email address and works once, for a week, and until it is taken back."""

    def __init__(
        self,
        *,
        links: MailedLinkService,
        throttle: ThrottleService,
        passwords: PasswordService,
        sign_up: str,
    ) -> None:
        self.links = links
        self.throttle = throttle
        self.passwords = passwords
        self.sign_up = sign_up

    async def refusal_of_strangers(self) -> DashtamError | None:
        """The reason why a person without an invitation cannot sign up, or None. The same for every address.

        None as well while the database is away: pages that only show it stay, and signing up itself asks again.
        """
        if self.sign_up == OPEN:
            return None
        try:
            await run_db(User.objects.require_open_door)
        except (SignUpClosed, InvitationNeeded) as refusal:
            return refusal
        except (DatabaseError, InterfaceError, ServiceBusy):
            return None
        return None

    async def require_inviter(self, *, user_id: UUID) -> None:
        """Raise Forbidden unless the person may invite: a superuser, or a member of the staff whose role allows it."""
        user = await User.objects.filter(id=user_id, is_active=True, is_staff=True).afirst()
        if user is None or not await run_db(user.has_perm, PERMISSION):
            raise Forbidden

    async def invite(self, *, user_id: UUID, email: str) -> Invitation:
        """Mail an invitation. The same answer whether or not the address has an account.

        Raises Forbidden, SignUpClosed and TooManyRequests.
        """
        await self.require_inviter(user_id=user_id)
        if self.sign_up == CLOSED:
            raise SignUpClosed(
                "Set SIGN_UP to `invitation` in the settings of this Dashtam, then invite people."
            )
        await limits.require((INVITE_BY_PERSON, user_id), (MAIL_BY_ACCOUNT, email))
        return await run_db(Invitation.objects.send, user_id=user_id, email=email)

    async def revoke(self, *, user_id: UUID, invitation_id: UUID) -> None:
        """Take an invitation of this Dashtam back. Raises Forbidden and NotFound."""
        await self.require_inviter(user_id=user_id)
        if not await run_db(Invitation.objects.revoke, id=invitation_id, actor_id=user_id):
            raise NotFound

    async def read(self, *, token: str) -> Invitation:
        """The invitation of a mailed link; uses nothing up. Raises LinkNotValid, SignUpClosed, TooManyRequests."""
        link = await self.links.read(token, "invitation")
        invitation = await run_db(Invitation.objects.open().filter(id=link.id).first)
        if invitation is None:
            raise LinkNotValid("Ask for another invitation. If you have an account already, simply sign in.")
        if self.sign_up == CLOSED:
            raise SignUpClosed
        return invitation

    async def accept(
        self, *, token: str, password: str, name: str, time_zone: str = "UTC", email: str = ""
    ) -> User:
        """Make the invited person's account, confirmed at once: the link has reached their mailbox.

        Raises LinkNotValid and SignUpClosed; ValidationFailed for a weak password, and for an `email`, if given,
        that is not the invited one; TooManyRequests.
        """
        invitation = await self.read(token=token)
        if email not in {"", invitation.email}:
            detail = "The invitation is for another address. Use the one that it was mailed to."
            raise ValidationFailed(errors=[FieldError("email", "not_invited", detail)])
        self.passwords.require_strength(password, email=invitation.email, name=name)
        with place_to_hash(stranger=True) as place:
            await self.throttle.sign_up(email=invitation.email)
            password_hash = await place.run(self.passwords.hash_password, password)
        chosen = {"email": invitation.email, "name": name, "time_zone": time_zone}
        user = await run_db(
            Invitation.objects.accept, id=invitation.id, password_hash=password_hash, **chosen
        )
        if user is None:
            raise LinkNotValid
        return user
