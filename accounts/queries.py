"""What people may read about themselves: one function per question, the user first."""

from typing import Any
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q

from accounts.models import ApiKey, Session, User
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


def api_keys(*, user_id: UUID) -> list[dict[str, Any]]:
    """The person's keys that work, newest first."""
    columns = (
        "id", "name", "scopes", "hint", "created_at", "expires_at", "last_used_at", "last_used_from"
    )  # fmt: skip
    return [dict(row) for row in ApiKey.objects.live().filter(user_id=user_id).values(*columns)]
