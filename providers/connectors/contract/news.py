"""News that an institution sends by itself, about one consent."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class News:
    """A webhook's word about one consent. Data is read by a sync; only what no sync can read is here.

    `ends_at`: the institution ends the consent then, unless its person renews it. `repaired`: the person has done there
    what was needed. `more_accounts`: it has accounts that the person has not shared yet.
    """

    subject: str
    ends_at: datetime | None = None
    repaired: bool = False
    more_accounts: bool = False
