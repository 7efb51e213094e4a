"""People who use Dashtam, and the writes of their accounts."""

from collections.abc import Collection
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.errors import SignUpContested
from accounts.models.admission.door import DoorManager
from accounts.models.admission.identity import Identity
from accounts.models.api_key import ApiKey
from accounts.models.audit import AuditEvent
from accounts.models.email_change import EmailChange
from accounts.models.failed_proof import FailedProof, subject_of
from accounts.models.leaving import LeavingManager
from accounts.models.one_time_link import OneTimeLink
from accounts.models.second_factors.passkey import Passkey
from accounts.models.session import Session
from accounts.models.sign_in import SignInManager
from accounts.models.sign_up import KEPT, SignUp, browser_hash_of
from dashtam.ids import uuid7
from notifications.models import Email

LEAVING = Q(deletion_due_at__isnull=False)
UNCONFIRMED = Q(email_verified_at=None, last_login=None)


def normalise_email(email: str) -> str:
    """Lower-case an email address: no mail provider runs two mailboxes that differ in case."""
    return email.strip().lower()


class Verified(NamedTuple):
    """A person whose email address is confirmed. `signed_up_here`: in the client's own browser, and with this link."""

    user: "User"
    signed_up_here: bool


class UserManager(SignInManager["User"], LeavingManager["User"], DoorManager["User"]):
    """The writes that a person's account is made of, each in one transaction.

    `password_hash` is always a finished hash: hashing is slow, and not this layer's work.
    """

    def create_hashed(self, *, email: str, password_hash: str, name: str, **fields: Any) -> "User":
        """Create a person. Raises IntegrityError if the email address is taken."""
        return self.create(email=normalise_email(email), password=password_hash, name=name, **fields)

    @transaction.atomic
    def register(
        self, *, email: str, password_hash: str, name: str, time_zone: str = "UTC", browser_key: str = ""
    ) -> None:
        """Sign a person up and mail them a link; if `email` has a confirmed account, mail a notice instead.

        While an email address is unconfirmed, each sign-up waits with its own password and its own link. With too
        many of them, the mail has a link to set a password instead.
        """
        chosen = {"name": name, "time_zone": time_zone}
        user, _ = self.select_for_update().get_or_create(
            email=email, defaults={"password": password_hash, **chosen}
        )
        if user.email_verified_at is not None or not user.is_active:
            Email.objects.queue(user_id=user.id, to=email, kind="address_known", context={})
            AuditEvent.objects.record_a_few("account.sign_up_repeated", user_id=user.id)
            return
        browser_hash = browser_hash_of(browser_key) if browser_key else None
        sign_up = SignUp.objects.keep(
            user=user, password_hash=password_hash, browser_hash=browser_hash, **chosen
        )
        purpose = OneTimeLink.Purpose.VERIFY_EMAIL if sign_up else OneTimeLink.Purpose.RESET_PASSWORD
        OneTimeLink.objects.mail(user=user, purpose=purpose, sign_up=sign_up)
        detail = {"sign_up": str(sign_up.id)} if sign_up else {}
        AuditEvent.objects.record_a_few("account.registered", user_id=user.id, **detail)

    @transaction.atomic
    def mail_link(self, *, email: str, purpose: OneTimeLink.Purpose) -> None:
        """Mail a new link to an email address, if its account may use one.

        Any other email address costs the same statements, which are then undone, so that the time taken does not
        tell which ones are known.
        """
        unconfirmed = {"email_verified_at": None} if purpose == OneTimeLink.Purpose.VERIFY_EMAIL else {}
        user = self.filter(email=email, is_active=True, **unconfirmed).first()
        whom = user or User(email=email)
        sign_up = SignUp.objects.filter(user_id=whom.id).first() if unconfirmed else None
        OneTimeLink.objects.mail(user=whom, purpose=purpose, sign_up=sign_up)
        AuditEvent.objects.record_a_few(f"{purpose}.requested", user_id=whom.id)
        if user is None:
            transaction.set_rollback(True)

    @transaction.atomic
    def verify_email(self, *, link_id: UUID, proved: bool, browser_key: str = "") -> "Verified | None":
        """Confirm the email address that the link was sent to. None if the link does not count.

        What was chosen in the link's own sign-up counts from now on; all others are discarded. Where there are
        others, the client must have `proved` to know the password. Raises SignUpContested, and SignUpClosed.
        """
        link = OneTimeLink.objects.redeem(id=link_id, purpose=OneTimeLink.Purpose.VERIFY_EMAIL)
        if link is None:
            return None
        self.select_for_update().get(id=link.user_id)  # no sign-up comes in between
        others = SignUp.objects.filter(user_id=link.user_id).exclude(links=link)
        if not proved and others.exists():
            raise SignUpContested
        own, chosen, detail = link.sign_up, dict[str, Any](), dict[str, Any]()
        if own is not None:
            chosen = {"password": own.password, "name": own.name, "time_zone": own.time_zone}
            detail = {"sign_up": str(own.id)}
        signed_up_here = own is not None and own.is_from(browser_key)
        self._confirm_link(link, **chosen)
        AuditEvent.objects.record("email.verified", user_id=link.user_id, **detail)
        return Verified(self.get(id=link.user_id), signed_up_here)

    @transaction.atomic
    def reset_password(
        self, *, link_id: UUID, password_hash: str, ip: str | None, keep_api_keys: Collection[UUID] = ()
    ) -> list[Session | ApiKey] | None:
        """Set a new password by link; returns what ended, None if the link does not count.

        The person who opened the link reads that mailbox, so its email address is confirmed too. Sessions and API
        keys end, except the keys in `keep_api_keys`; passkeys no longer sign in alone, and identities are unlinked.
        """
        link = OneTimeLink.objects.redeem(id=link_id, purpose=OneTimeLink.Purpose.RESET_PASSWORD)
        if link is None:
            return None
        self._confirm_link(link)
        sessions = self._set_password(link.user, "password.reset", password_hash=password_hash, ip=ip)
        Passkey.objects.filter(user_id=link.user_id).update(alone=False)
        Identity.objects.filter(user_id=link.user_id).delete()
        which = ~Q(id__in=keep_api_keys)
        return [*sessions, *ApiKey.objects.end(which, user_id=link.user_id, reason="password_reset")]

    def _confirm_link(self, link: OneTimeLink, **chosen: Any) -> None:
        first = self.admit(link.user)
        self.confirm_email(link.user, link.email, **chosen)
        if first:
            self.appoint_first(user_id=link.user_id)

    def confirm_email(self, user: "User", email: str, **chosen: Any) -> None:
        """Note that the person reads the mailbox, and discard all sign-ups with their links."""
        now = timezone.now()
        self.filter(id=user.id, email_verified_at=None).update(email_verified_at=now, **chosen)
        verifying = user.one_time_links.filter(purpose=OneTimeLink.Purpose.VERIFY_EMAIL, used_at=None)
        verifying.update(used_at=now)
        SignUp.objects.filter(user_id=user.id).delete()
        FailedProof.objects.forget(subject_of("account", email))

    @transaction.atomic
    def change_password(
        self, *, user: "User", password_hash: str, keep_session: UUID, ip: str | None
    ) -> list[Session] | None:
        """Replace the password that `user` has; None if another change came first."""
        if not self.select_for_update().filter(id=user.id, password=user.password, is_active=True).exists():
            return None
        Session.objects.renumber(id=keep_session)
        change: dict[str, Any] = {"password_hash": password_hash, "ip": ip, "keep_session": keep_session}
        return self._set_password(user, "password.changed", **change)

    def _set_password(
        self,
        user: "User",
        action: str,
        *,
        password_hash: str,
        ip: str | None,
        keep_session: UUID | None = None,
    ) -> list[Session]:
        """Set the hash, end all other sessions and what open mails can change, and mail the person."""
        now = timezone.now()
        self.filter(id=user.id).update(password=password_hash)
        # A thief's email change may be why the password is set anew.
        EmailChange.objects.stop_all(user_id=user.id)
        user.one_time_links.filter(purpose=OneTimeLink.Purpose.RESET_PASSWORD, used_at=None).update(
            used_at=now
        )
        context = {"when": now.isoformat(), "ip": ip or "unknown"}
        Email.objects.queue(user_id=user.id, to=user.email, kind="password_changed", context=context)
        AuditEvent.objects.record(action, user_id=user.id, ip=ip)
        others = ~Q(id=keep_session) if keep_session else Q()
        return Session.objects.end(others, user_id=user.id, reason="password_changed")

    def update_profile(self, *, user_id: UUID, fields: dict[str, str]) -> list[UUID]:
        """Change these fields; returns the live sessions, whose cached principals may have the old ones."""
        if fields:
            chosen = {"base_currency_chosen": True} if "base_currency" in fields else {}
            self.filter(id=user_id).update(**fields, **chosen)
        return list(Session.objects.live().filter(user_id=user_id).values_list("id", flat=True))

    def propose_base_currency(self, *, user_id: UUID, currency: str) -> list[UUID]:
        """Show totals in this currency unless the person has chosen one.

        Returns the live sessions, which may be remembered with the old one; none if the currency stayed.
        """
        open_to_it = self.filter(id=user_id, base_currency_chosen=False).exclude(base_currency=currency)
        if not open_to_it.update(base_currency=currency):
            return []
        return list(Session.objects.live().filter(user_id=user_id).values_list("id", flat=True))

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        """Create a superuser, for `manage.py createsuperuser` only, where nothing waits for the hash."""
        user = User(email=normalise_email(email), is_staff=True, is_superuser=True, **fields)
        user.email_verified_at = timezone.now()
        user.set_password(password)
        user.save()
        return user

    def never_confirmed(self) -> "models.QuerySet[User]":
        """Accounts that were signed up for and not confirmed in all the time that their sign-up is kept."""
        old = self.filter(created_at__lt=timezone.now() - KEPT, email_verified_at=None, last_login=None)
        return old.filter(is_staff=False, is_superuser=False, sign_ups=None, sessions=None, api_keys=None)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=normalise_email(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an email address."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    base_currency = models.CharField(max_length=3, default="USD")
    base_currency_chosen = models.BooleanField(
        db_default=False, default=False, help_text="Until then it is the currency of the first account."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deletion_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When the account will be deleted, as its person has asked."
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ("-created_at",)
        permissions = (
            (
                "help_user",
                "Can help people, giving a reason: see their numbers, start what only they can finish",
            ),
            ("see_operations", "Can see how the installation is doing"),
            ("invite_people", "Can invite people to have an account here"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower_case"),
        )
        indexes = (
            models.Index(fields=("deletion_due_at",), condition=LEAVING, name="user_leaving"),
            models.Index(fields=("created_at",), condition=UNCONFIRMED, name="user_unconfirmed"),
        )

    def __str__(self) -> str:
        return self.email

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and announce a new superuser, however the person became one."""
        supers = User.objects.filter(pk=self.pk, is_superuser=True)
        first = self.is_superuser and not supers.exists()
        super().save(*args, **kwargs)
        if first and supers.exists():
            User.objects.announce_superuser(self)

    @property
    def may_sign_in(self) -> bool:
        """A right password opens a session: the account is enabled and its email address confirmed."""
        return self.is_active and self.email_verified_at is not None
