"""Acts of support staff for a person, with a reason: none sets a password, an email address or a second factor."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import ApiKey, AuditEvent, OneTimeLink, Session, StaffAct, User
from accounts.models.staff_act import Cause
from dashtam.jobs.background import defer
from notifications.models import Email

Purpose = OneTimeLink.Purpose
MAIL_SENT = "staff.mail_sent_again"


@dataclass(frozen=True, slots=True)
class Act:
    """One act: its name in the audit log, its words on the page, and the people it makes sense for."""

    action: str
    title: str
    says: str
    button: str
    carry_out: Callable[[User, UUID], None]
    makes_sense: Callable[[User], bool]


def _mail(purpose: OneTimeLink.Purpose) -> Callable[[User, UUID], None]:
    return lambda user, staff_id: User.objects.mail_link(email=user.email, purpose=purpose)


def end_sessions(user: User, staff_id: UUID) -> None:
    """End all sessions of the person, and make it known at once."""
    ended = Session.objects.end(user_id=user.pk, reason="ended_by_staff", actor_id=staff_id)
    _announce(*ended)


def _announce(*ended: Session | ApiKey) -> None:
    defer("accounts.tasks.announce_ended_sessions", session_ids=[str(one.pk) for one in ended])


def _disable(user: User, staff_id: UUID) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    end_sessions(user, staff_id)
    _announce(*ApiKey.objects.end(user_id=user.pk, reason="ended_by_staff", actor_id=staff_id))


def _enable(user: User, staff_id: UUID) -> None:
    User.objects.filter(pk=user.pk).update(is_active=True)


ACTS: dict[str, Act] = {
    "mail-reset": Act(
        "staff.reset_mailed",
        "Mail a link to set a new password",
        "The link goes to the person's own address and works for 30 minutes. Until they use it, nothing changes.",
        "Mail the link",
        _mail(Purpose.RESET_PASSWORD),
        lambda user: user.is_active,
    ),
    "mail-verification": Act(
        "staff.verification_mailed",
        "Mail the link that confirms the address again",
        "Earlier links stop working. Only the person can confirm the address.",
        "Mail the link",
        _mail(Purpose.VERIFY_EMAIL),
        lambda user: user.is_active and user.email_verified_at is None,
    ),
    "end-sessions": Act(
        "staff.sessions_ended",
        "Sign them out everywhere",
        "All their sessions, in browsers and over the API, end at once. They can sign in again.",
        "Sign them out",
        end_sessions,
        lambda user: True,
    ),
    "disable": Act(
        "staff.disabled",
        "Disable the account",
        "They are signed out at once, their API keys end, and they cannot sign in. Their data stays.",
        "Disable the account",
        _disable,
        lambda user: user.is_active,
    ),
    "enable": Act(
        "staff.enabled",
        "Enable the account",
        "They can sign in again, with their own password.",
        "Enable the account",
        _enable,
        lambda user: not user.is_active,
    ),
}


def may_help(staff: User, user: User) -> bool:
    """True for people who are not staff; a superuser may help colleagues too. No one helps themselves."""
    return staff.pk != user.pk and (staff.is_superuser or not (user.is_staff or user.is_superuser))


def offered(staff: User, user: User) -> dict[str, Act]:
    """The acts that this colleague can carry out for this person now, by verb."""
    if not may_help(staff, user):
        return {}
    return {verb: act for verb, act in ACTS.items() if act.makes_sense(user)}


@transaction.atomic
def carry_out(act: Act, user: User, cause: Cause) -> None:
    """Carry out the act, and note the colleague and the reason."""
    _hold(user)
    act.carry_out(user, cause.staff_id)
    StaffAct.objects.note(act.action, user_id=user.pk, cause=cause)


@transaction.atomic
def give_roles(user: User, roles: list[str], cause: Cause) -> None:
    """Set the person's roles; their sessions, which carry the old ones, end."""
    _hold(user)
    user.groups.set(Group.objects.filter(name__in=roles))
    User.objects.filter(pk=user.pk).update(is_staff=bool(roles) or user.is_superuser)
    end_sessions(user, cause.staff_id)
    StaffAct.objects.note("staff.roles_set", user_id=user.pk, cause=cause, roles=",".join(roles))


def note_mail(mail: Email, cause: Cause) -> None:
    """Note that a mail that had failed was queued again, and the reason."""
    if mail.user_id is not None:
        StaffAct.objects.note(MAIL_SENT, user_id=mail.user_id, cause=cause, email_id=str(mail.pk))
    else:
        AuditEvent.objects.record(MAIL_SENT, user_id=None, actor_id=cause.staff_id, email_id=str(mail.pk))


def _hold(user: User) -> None:
    """Lock the person's row before all else: nothing may wait for it once the audit log is locked."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
