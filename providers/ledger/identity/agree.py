"""The judgement of one id: a row that carries it, and the event that we hold under it."""

from enum import Enum, auto

from providers.ledger.identity.records import Grade, Held, Row, Status
from providers.ledger.identity.texts import Likeness, likeness

BOOKING_DAYS = 45  # from an authorisation to its booking, at the most
MOVING_DAYS = 6  # a booked row's day may be corrected by so much; a week later, a weekly debit comes again


class Verdict(Enum):
    """The answer about a row and an observation with the same id."""

    SAME = auto()
    STALE = auto()  # the same event, as it was before
    SUDDEN = auto()  # the same event, but the change is one that faults of feeds make
    CONFLICT = auto()  # the id names another event now


def judge(row: Row, held: Held, grade: Grade, *, covered: bool, from_file: bool) -> Verdict:
    """Compare a row with an observation of the same source under the same id."""
    alike = likeness(row.text, held.text)
    days = abs((row.date - held.date).days)
    provisional = held.status < Status.POSTED or row.status < held.status
    if row.unit != held.unit and not provisional:
        return Verdict.CONFLICT
    if row.amount * held.amount < 0:
        return _turned(row, held, alike)
    if provisional:
        return _provisional(row, held, grade, alike, days)
    if days > MOVING_DAYS and (not covered or alike == Likeness.OTHER):
        return Verdict.CONFLICT
    return _booked(row, held, grade, alike, from_file=from_file)


def comes_after(row: Row, booked: Held) -> bool:
    """True for a provisional row of a day so long after the booking that it announces another event."""
    return (row.date - booked.date).days > MOVING_DAYS


def _turned(row: Row, held: Held, alike: Likeness) -> Verdict:
    """The direction differs: another event, or a feed that has turned its signs around."""
    same = (row.amount, row.unit, row.date) == (-held.amount, held.unit, held.date)
    mirrored = same and alike == Likeness.SAME
    return Verdict.SUDDEN if mirrored and row.status == held.status == Status.POSTED else Verdict.CONFLICT


def _booked(row: Row, held: Held, grade: Grade, alike: Likeness, *, from_file: bool) -> Verdict:
    if row.amount == held.amount:
        told = alike != Likeness.OTHER or not from_file
        return (
            Verdict.SAME if told and (grade == Grade.STABLE or alike != Likeness.OTHER) else Verdict.CONFLICT
        )
    if alike == Likeness.OTHER or grade < Grade.STABLE:
        return Verdict.CONFLICT
    return Verdict.SUDDEN if _shifted(row, held) else Verdict.SAME


def _provisional(row: Row, held: Held, grade: Grade, alike: Likeness, days: int) -> Verdict:
    """One of the two is not booked: amount and day may move, but not both with the name.

    Where a shop asks in its own currency, and the bank books in the account's, the amount moves with its unit.
    """
    equal = (row.amount, row.unit) == (held.amount, held.unit)
    known = equal or alike >= (Likeness.SILENT if grade == Grade.STABLE else Likeness.SAME)
    if not known or days > BOOKING_DAYS or (row.status < held.status and comes_after(row, held)):
        return Verdict.CONFLICT
    return Verdict.STALE if row.status < held.status else Verdict.SAME


def _shifted(row: Row, held: Held) -> bool:
    """True if the decimal point has moved: a hundredfold, a thousandfold, or the reverse."""
    small, large = sorted((abs(row.amount), abs(held.amount)))
    return bool(small) and any(large == small * factor for factor in (100, 1000))
