"""A grant: the outcome of linking, which lets requests be made in a person's name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

ACCESS, REFRESH = "access_token", "refresh_token"


@dataclass(frozen=True, slots=True)
class Grant:
    """Secrets by name, and what is known about them. It is stored sealed; a `Placement` says where each secret goes.

    `origin` is set where each person's data has an address of its own. `expires_at` is the end of the access token,
    which a renewal moves; `ends_at` is the end of the consent, which it does not move.
    """

    secrets: Mapping[str, str] = field(repr=False)
    origin: str = field(default="", repr=False)
    expires_at: datetime | None = None
    ends_at: datetime | None = None
    scope: str = ""
