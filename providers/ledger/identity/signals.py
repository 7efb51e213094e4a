"""Signals: what speaks, beside the amount, for a row and an observation being one event."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto

from providers.ledger.identity.records import Held, Row, Status
from providers.ledger.identity.texts import Likeness, likeness

NEAR_DAYS = 3
OBSERVER_DAYS = 5  # two sources date one event this far apart, at the most
SAME_NAME_DAYS = 10  # a booking under the same name, its provisional row unaccounted for
BOOKING_DAYS = 35  # the same, the provisional row being gone
TIPS = (Decimal("0.7"), Decimal("1.35"))  # a booking's part of what was authorised


class Advice(Enum):
    """The step that the signals allow."""

    LINK = auto()
    ASK = auto()


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the rows of two sources agree as a whole: always so many days apart, or each within a few days."""

    shift: int | None = None
    loosely: bool = False

    @property
    def turned(self) -> "Alignment":
        """The same, seen from the other source."""
        return Alignment(None if self.shift is None else -self.shift, self.loosely)

    def fits(self, days: int) -> bool:
        """True for a pair that keeps the distance; where that is none, a day more or less is as good."""
        return self.shift is not None and abs(days - self.shift) <= (0 if self.shift else 1)


NOTHING = Alignment()


@dataclass(frozen=True, slots=True)
class Signals:
    """The signals of one pair."""

    alike: Likeness
    days: int  # from the observation to the row
    amount: bool  # equal; else near, as with a tip
    missed: bool = False  # its own source states the observation no more
    aligned: bool = False  # the rows around it agree, one for one and as many days apart
    loosely: bool = False  # they agree, each within a few days

    @property
    def worth(self) -> int:
        """The weight in an assignment: names first, then the day."""
        near = 20 if not self.days else 12 if abs(self.days) <= NEAR_DAYS else 5
        return self.alike * 20 + near + 15 * self.missed + 10 * self.aligned + 25 * self.amount

    def advice(self, *, booking: bool) -> Advice | None:
        """Link, ask, or neither. `booking` tells that a provisional row would become a later one."""
        if not self.amount:
            return self._tip() if booking else None
        return self._booking() if booking else self._same_standing()

    def _tip(self) -> Advice | None:
        near = 0 <= self.days <= SAME_NAME_DAYS
        return Advice.LINK if self.missed and near and self.alike == Likeness.SAME else None

    def _booking(self) -> Advice | None:
        days, alike = self.days, self.alike
        if alike == Likeness.SAME and -NEAR_DAYS <= days <= (BOOKING_DAYS if self.missed else SAME_NAME_DAYS):
            return Advice.LINK
        if not -NEAR_DAYS <= days <= SAME_NAME_DAYS:
            return None
        if alike == Likeness.SOME:
            return Advice.LINK if self.missed or not days else Advice.ASK
        if alike == Likeness.SILENT:
            return Advice.LINK if self.missed and days <= OBSERVER_DAYS else Advice.ASK
        return Advice.ASK if self.aligned and not days else None

    def _same_standing(self) -> Advice | None:
        days, alike = abs(self.days), self.alike
        if days > OBSERVER_DAYS:
            return None
        if alike == Likeness.SAME or self.aligned:
            return Advice.LINK
        if alike == Likeness.SOME:
            return Advice.LINK if not days or (self.loosely and days <= NEAR_DAYS) else Advice.ASK
        if alike == Likeness.SILENT:
            return Advice.LINK if not days and self.missed else Advice.ASK if days <= NEAR_DAYS else None
        return Advice.ASK if not days or (self.loosely and days <= NEAR_DAYS) else None


def compare(row: Row, held: Held, *, missed: bool, beside: Alignment = NOTHING) -> Signals | None:
    """The signals of a pair; None when amount, unit or direction rule it out."""
    if row.unit != held.unit or row.status < held.status:
        return None
    equal = row.amount == held.amount
    if not equal and not (held.status < Status.POSTED <= row.status and _near(row, held)):
        return None
    days = (row.date - held.date).days
    return Signals(likeness(row.text, held.text), days, equal, missed, beside.fits(days), beside.loosely)


def _near(row: Row, held: Held) -> bool:
    if row.amount * held.amount <= 0:
        return False
    return held.amount.copy_abs() * TIPS[0] <= row.amount.copy_abs() <= held.amount.copy_abs() * TIPS[1]
