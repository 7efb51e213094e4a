"""Reads of a person's own account: one function per question, the person first."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q

from accounts.audit.activity import describe
from accounts.devices import of_session
from accounts.models import (
    ApiKey,
    AuditEvent,
    DataExport,
    EmailChange,
    Invitation,
    Passkey,
    RecoveryCode,
    Session,
    StaffAct,
    Totp,
    User,
)
from dashtam.api.keyset import after
from dashtam.api.paging import Listing, Page, listing
from dashtam.bridge.doors import run_db
from dashtam.errors import NotFound
from notifications.models.suppression import stopped_for

_NAMED = ("act_id", "session_id", "sign_up")  # what the details of events name
KINDS = {"browser": "A browser", "api": "A program, by API"}  # of sessions that are forgotten


class ProfileRow(TypedDict):
    """A person, as they see themselves."""

    id: UUID
    email: str
    name: str
    time_zone: str
    base_currency: str
    email_verified_at: datetime | None
    created_at: datetime
    deletion_due_at: datetime | None
    mail_stopped: str | None


async def profile(user_id: UUID) -> ProfileRow:
    """The person's profile. Raises NotFound once the account is gone or disabled."""
    fields = (
        "id", "email", "name", "time_zone", "base_currency", "email_verified_at", "created_at",
        "deletion_due_at", "mail_stopped",
    )  # fmt: skip
    people = User.objects.filter(id=user_id, is_active=True).annotate(mail_stopped=stopped_for("email"))
    found: ProfileRow | None = await run_db(people.values(*fields).first)
    if found is None:
        raise NotFound()
    return found


class SessionRow(TypedDict):
    """A live session; `current` for the one that asks."""

    id: UUID
    current: bool
    kind: str
    user_agent: str
    ip: str | None
    created_at: datetime
    last_seen_at: datetime


async def sessions(user_id: UUID, *, session_id: UUID) -> list[SessionRow]:
    """The person's live sessions, `session_id` first, then the latest seen."""
    current = ExpressionWrapper(Q(id=session_id), output_field=BooleanField())
    rows = Session.objects.live().filter(user_id=user_id).annotate(current=current)
    rows = rows.order_by("-current", "-last_seen_at", "-id")
    columns = ("id", "current", "kind", "user_agent", "ip", "created_at", "last_seen_at")
    return await run_db(list, rows.values(*columns))


class InvitationRow(TypedDict):
    """An invitation that a member of the staff has sent."""

    id: UUID
    email: str
    state: str
    created_at: datetime
    expires_at: datetime


async def invitations(user_id: UUID) -> list[InvitationRow]:
    """The invitations that the person has sent in the last weeks, newest first, 200 at most."""
    rows = await run_db(list, Invitation.objects.filter(invited_by_id=user_id)[:200])
    return [_as_row(row) for row in rows]


def _as_row(row: Invitation) -> InvitationRow:
    return {
        "id": row.id,
        "email": row.email,
        "state": row.state,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
    }


class TotpRow(TypedDict):
    """A confirmed authenticator app."""

    confirmed_at: datetime | None
    last_used_at: datetime | None


class PasskeyRow(TypedDict):
    """A passkey, without its key."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None
    synced: bool


class SecondFactorsRow(TypedDict):
    """All second factors of a person. `any`: they have an authenticator app or a passkey."""

    totp: TotpRow | None
    passkeys: list[PasskeyRow]
    any: bool
    codes_made: int
    codes_left: int
    codes_at: datetime | None


async def second_factors(user_id: UUID) -> SecondFactorsRow:
    """The authenticator app, passkeys (oldest first) and recovery codes of a person."""
    return await run_db(_second_factors, user_id)


def _second_factors(user_id: UUID) -> SecondFactorsRow:
    apps = Totp.objects.filter(user_id=user_id).exclude(confirmed_at=None)
    totp = apps.values("confirmed_at", "last_used_at").first()
    passkeys = list(
        Passkey.objects.filter(user_id=user_id).values("id", "name", "created_at", "last_used_at", "synced")
    )
    codes = list(RecoveryCode.objects.filter(user_id=user_id).values("created_at", "used_at"))
    return {
        "totp": totp,
        "passkeys": passkeys,
        "any": bool(totp or passkeys),
        "codes_made": len(codes),
        "codes_left": sum(code["used_at"] is None for code in codes),
        "codes_at": min((code["created_at"] for code in codes), default=None),
    }


class ApiKeyRow(TypedDict):
    """An API key, without what it takes to use it."""

    id: UUID
    name: str
    scopes: list[str]
    hint: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    last_used_from: str


async def api_keys(user_id: UUID) -> list[ApiKeyRow]:
    """The person's live API keys, newest first."""
    rows = ApiKey.objects.live().filter(user_id=user_id).values(
        "id", "name", "scopes", "hint", "created_at", "expires_at", "last_used_at", "last_used_from"
    )  # fmt: skip
    return await run_db(list, rows)


class ActivityRow(TypedDict):
    """An audit event in words. `by` is `you`, `support`, or None for Dashtam itself and for strangers.

    `device` names the browser or program of the session that it is about, such as `Firefox on Linux`.
    """

    id: str
    at: datetime
    action: str
    summary: str
    by: str | None
    network: str | None
    device: str | None
    reason: str | None
    ticket: str | None


async def activity(user_id: UUID, *, page: Page) -> Listing[ActivityRow]:
    """The audit events of the person's account as ActivityRows, newest first, with the reasons that support gave.

    Raises ValidationFailed for a cursor of another list.
    """
    return await run_db(_activity, user_id, page)


def _activity(user_id: UUID, page: Page) -> Listing[ActivityRow]:
    events = after(AuditEvent.objects.filter(user_id=user_id), page, minus_id=_event_id)
    rows = list(events.values("id", "at", "action", "actor_id", "ip", "detail")[: page.limit + 1])
    told = _told_of(user_id, rows)
    return listing([_in_words(row, user_id, told) for row in rows], page, lambda event: (event["id"],))


class _Told(NamedTuple):
    """Rows that the details of events name: acts of support and devices of sessions by id, confirmed sign-ups."""

    acts: Mapping[str, StaffAct]
    devices: Mapping[str, str]
    own_sign_ups: Collection[str]


def _told_of(user_id: UUID, rows: Sequence[Mapping[str, Any]]) -> _Told:
    """One statement for each kind of row that there is any of."""
    named = {name: {row["detail"][name] for row in rows if name in row["detail"]} for name in _NAMED}
    acts = StaffAct.objects.filter(user_id=user_id).in_bulk(named["act_id"])
    sessions = Session.objects.filter(user_id=user_id).in_bulk(named["session_id"])
    own: Collection[str] = ()
    if sign_ups := named["sign_up"]:
        confirmed = AuditEvent.objects.filter(user_id=user_id, action="email.verified")
        own = set(confirmed.filter(detail__sign_up__in=sign_ups).values_list("detail__sign_up", flat=True))
    return _Told(
        {str(act.id): act for act in acts.values()},
        {str(each.id): of_session(each.kind, each.user_agent) for each in sessions.values()},
        own,
    )


def _event_id(text: str) -> int:
    """Raises ValueError for anything but a number of at most 18 digits."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ValueError
    return int(text)


def _in_words(event: Mapping[str, Any], user_id: UUID, told: _Told) -> ActivityRow:
    """Support is named by its role only: its people answer to the installation, not to those they help."""
    detail = event["detail"]
    act = told.acts.get(detail.get("act_id", ""))
    by_support = event["actor_id"] is not None and event["actor_id"] != user_id
    own = event["action"] == "account.registered" and detail.get("sign_up") in told.own_sign_ups
    by_person = own or event["actor_id"] is not None
    return {
        "id": str(event["id"]),
        "at": event["at"],
        "action": event["action"],
        "summary": "You signed up" if own else describe(event["action"], detail),
        "by": "support" if by_support else "you" if by_person else None,
        "network": None if by_support else event["ip"] or None,
        "device": told.devices.get(detail.get("session_id", "")) or KINDS.get(detail.get("kind", "")),
        "reason": act.reason if act else None,
        "ticket": (act.ticket or None) if act else None,
    }


async def export(user_id: UUID) -> DataExport | None:
    """The export that is being made or waits to be taken."""
    return await run_db(DataExport.objects.current, user_id=user_id)


async def email_change(user_id: UUID) -> EmailChange | None:
    """The email change that is under way."""
    return await run_db(EmailChange.objects.waiting().filter(user_id=user_id).first)
