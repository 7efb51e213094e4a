"""What people may read about themselves: one function per question, the user first."""

from typing import Any
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q

from accounts.audit.activity import describe
from accounts.models import (
    ApiKey,
    AuditEvent,
    DataExport,
    EmailChange,
    Passkey,
    RecoveryCode,
    Session,
    StaffAct,
    Totp,
    User,
)
from dashtam.api.paging import Listing, Page, invalid_cursor, listing
from dashtam.errors import NotFound


def profile(*, user_id: UUID) -> dict[str, Any]:
    """Who the person is. Raises NotFound."""
    fields = (
        "id", "email", "name", "time_zone", "base_currency", "email_verified_at", "created_at",
        "deletion_due_at",
    )  # fmt: skip
    found = User.objects.filter(id=user_id, is_active=True).values(*fields).first()
    if found is None:
        raise NotFound()
    return dict(found)


def sessions(*, user_id: UUID, session_id: UUID) -> list[dict[str, Any]]:
    """Where the person is signed in, the session that asks first."""
    current = ExpressionWrapper(Q(id=session_id), output_field=BooleanField())
    rows = Session.objects.live().filter(user_id=user_id).annotate(current=current)
    rows = rows.order_by("-current", "-last_seen_at", "-id")
    columns = ("id", "current", "kind", "user_agent", "ip", "created_at", "last_seen_at")
    return [dict(row) for row in rows.values(*columns)]


def second_factors(*, user_id: UUID) -> dict[str, Any]:
    """What the person can prove themselves with besides the password: `totp` or None, `passkeys`, recovery codes."""
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


def api_keys(*, user_id: UUID) -> list[dict[str, Any]]:
    """The person's keys that work, newest first."""
    columns = (
        "id", "name", "scopes", "hint", "created_at", "expires_at", "last_used_at", "last_used_from"
    )  # fmt: skip
    return [dict(row) for row in ApiKey.objects.live().filter(user_id=user_id).values(*columns)]


def activity(*, user_id: UUID, page: Page) -> Listing[Any]:
    """What happened to the person's account, newest first, with the reasons that support gave."""
    events = AuditEvent.objects.filter(user_id=user_id)
    if page.after is not None:
        events = events.filter(id__lt=_event_id(page.after))
    columns = ("id", "at", "action", "actor_id", "ip", "detail")
    rows = list(events.order_by("-id").values(*columns)[: page.limit + 1])
    acts = StaffAct.objects.filter(user_id=user_id).in_bulk(
        {row["detail"]["act_id"] for row in rows if "act_id" in row["detail"]}
    )
    told = [_told(row, user_id, {str(act.id): act for act in acts.values()}) for row in rows]
    return listing(told, page, lambda row: (row["id"],))


def _event_id(after: tuple[str, ...]) -> int:
    """Raises ValidationFailed for a cursor of another list."""
    if len(after) != 1 or not after[0].isascii() or not after[0].isdigit() or len(after[0]) > 18:
        raise invalid_cursor()
    return int(after[0])


def _told(row: dict[str, Any], user_id: UUID, acts: dict[str, StaffAct]) -> dict[str, Any]:
    """Support is named by its role: its people answer to the installation, not each to everybody they help."""
    act = acts.get(row["detail"].get("act_id", ""))
    by_support = row["actor_id"] is not None and row["actor_id"] != user_id
    return {
        "id": str(row["id"]),
        "at": row["at"],
        "action": row["action"],
        "summary": describe(row["action"], row["detail"]),
        "by": "support" if by_support else "you" if row["actor_id"] else None,
        "network": None if by_support else row["ip"] or None,
        "reason": act.reason if act else None,
        "ticket": (act.ticket or None) if act else None,
    }


def export(*, user_id: UUID) -> DataExport | None:
    """The export that is being made or waits to be taken."""
    return DataExport.objects.current(user_id=user_id)


def email_change(*, user_id: UUID) -> EmailChange | None:
    """The change of address that is under way."""
    return EmailChange.objects.waiting().filter(user_id=user_id).first()
