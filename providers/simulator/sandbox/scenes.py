"""Scenarios in the sandbox's dialect: the ids, days and words that a customer's client is shown instead."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from providers.simulator.books.changes import BOOKED, Move
from providers.simulator.books.customers import Account, Kind
from providers.simulator.books.dice import digest
from providers.simulator.books.entries import Entry
from providers.simulator.scenarios import Scenario

LATE = timedelta(days=10)
SHORT_CONSENT = timedelta(days=5)
ANEW = frozenset({"rows_minted_anew", "positional_ids", "no_ids", "pending_vanishes"})


@dataclass(frozen=True, slots=True)
class Scene:
    """The scenarios that one consent meets. `day` is the last day of the books."""

    played: frozenset[Scenario]
    consent: str
    day: str

    @property
    def edition(self) -> str:
        """The edition of the books that cursors belong to: where rows change their ids, old ones are refused."""
        parts = [self.day] if ANEW & self.played else []
        return " ".join([*parts, self.consent] if "new_ids_at_renewal" in self.played else parts)

    @property
    def whole(self) -> bool:
        """True if all rows come in one piece."""
        return "no_ids" in self.played

    def down(self, account: Account) -> bool:
        """True for an account whose institution does not answer."""
        return "one_institution_down" in self.played and account.kind is Kind.SAVINGS

    def account_id(self, account: Account) -> str:
        """The account's id as this consent knows it."""
        if "new_ids_at_renewal" in self.played:
            return digest("account", self.consent, account.id)
        return account.id

    def on_time(self, entry: Entry) -> Entry:
        """The entry with its day moved on, if it is told late; its own days stay what they are."""
        if "late_rows" not in self.played or int(digest("late", entry.id), 16) % 5:
            return entry
        return replace(entry, told_after=LATE)

    def tells(self, move: Move) -> bool:
        """False for a removal that the bank keeps to itself."""
        return move.op != "removed" or "pending_vanishes" not in self.played

    def row(self, row: dict[str, Any], place: int, move: Move) -> dict[str, Any]:
        """The row as this consent sees it."""
        changes: dict[str, Any] = {}
        if self.played & {"pending_vanishes", "posted_in_another_shape"} and move.stage in BOOKED:
            changes["pending_id"] = None
        if "posted_in_another_shape" in self.played and move.stage in BOOKED:
            changes["description"] = f"{row['description'].upper()} REF {digest('ref', row['id'], size=4)}"
        for name in ("id", "pending_id"):
            if row.get(name) is not None and name not in changes:
                changes[name] = self._id(row[name], place if name == "id" else None)
        return row | changes

    def _id(self, own: str, place: int | None) -> str | None:
        if "no_ids" in self.played:
            return None
        if "positional_ids" in self.played:
            return None if place is None else f"row-{place}"
        if "rows_minted_anew" in self.played:
            return digest("minted", self.day, own)
        return digest("row", self.consent, own) if "new_ids_at_renewal" in self.played else own
