"""Who a request speaks for."""

from typing import ClassVar
from uuid import UUID

import msgspec


class Principal(msgspec.Struct, frozen=True):
    """The signed-in person and session, as far as every request needs to know them. Fits in the cache."""

    user_id: UUID
    session_id: UUID
    email: str
    name: str
    is_staff: bool
    time_zone: str
    base_currency: str
    expires_at: float  # POSIX seconds; the session's nearest end

    is_authenticated: ClassVar[bool] = True
