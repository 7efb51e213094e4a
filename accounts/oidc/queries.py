"""Reads of the identities that a person's account is linked with."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from accounts.models import Identity
from dashtam.bridge.doors import run_db


class IdentityRow(TypedDict):
    """A person of the sign-in provider that the account is linked with."""

    id: UUID
    issuer: str
    label: str
    created_at: datetime
    last_used_at: datetime | None


async def identities(user_id: UUID) -> list[IdentityRow]:
    """The identities that can sign in to the person's account, oldest first."""
    rows = Identity.objects.filter(user_id=user_id).order_by("created_at")
    return await run_db(list, rows.values(*IdentityRow.__annotations__))
