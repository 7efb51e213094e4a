"""The proof of an account's days, drawn as one line of days, and its gaps in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from providers.imports.periods import unproved
from providers.ledger.history import Period
from providers.ledger.proof import Proof, Stretch

MOST_GAPS = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of the line, in days from its left end."""

    start: int
    days: int
    status: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Days between two stated balances, whose rows do not account for the change."""

    opening_on: date
    opening: Decimal
    closing_on: date
    closing: Decimal
    moved: Decimal
    missing: Decimal


@dataclass(frozen=True, slots=True)
class DaysOfProof:
    """The line, its days by standing, and the newest gaps; `more` are the older ones."""

    currency: str
    summary: str
    days: int
    bars: Sequence[Bar]
    gaps: Sequence[Gap]
    more: int


def days_of_proof(found: Proof) -> DaysOfProof | None:
    """The proof for the page of an account; None where rows do not make its value, or nothing is known yet."""
    if not found.applies or not found.stretches:
        return None
    bars = list(_bars(found))
    gaps = [_gap(each) for each in reversed(found.stretches) if each.status == "gap"]
    counts = {
        status: sum(bar.days for bar in bars if bar.status == status)
        for status in ("proved", "unproved", "gap")
    }
    return DaysOfProof(
        currency=found.currency,
        summary=_summary(counts),
        days=sum(counts.values()),
        bars=bars,
        gaps=gaps[:MOST_GAPS],
        more=max(0, len(gaps) - MOST_GAPS),
    )


def without_files(found: Proof, uncovered: Sequence[Period]) -> Sequence[Period]:
    """Of the days that no file covers, those that are shown and whose balances prove nothing, the newest first."""
    seen = [gap for gap in reversed(uncovered) if found.first <= gap.last and gap.first <= found.last]
    return unproved(found, seen)[:MOST_GAPS]


def _bars(found: Proof) -> Iterator[Bar]:
    for each in found.stretches:
        first, last = max(each.first, found.first), min(each.last, found.last)
        if first <= last:
            yield Bar((first - found.first).days, (last - first).days + 1, each.status)


def _gap(each: Stretch) -> Gap:
    zero = Decimal(0)
    return Gap(
        opening_on=each.first - timedelta(days=1),
        opening=each.opening or zero,
        closing_on=each.last,
        closing=each.closing or zero,
        moved=each.moved or zero,
        missing=each.missing or zero,
    )


def _summary(counts: dict[str, int]) -> str:
    days = sum(counts.values())
    if counts["proved"] == days:
        return f"All {_days(days)} are proved."
    if counts["unproved"] == days:
        return f"None of the {_days(days)} can be proved."
    parts = [f"{counts['proved']:,} of {_days(days)} {'is' if counts['proved'] == 1 else 'are'} proved"]
    if counts["gap"]:
        parts.append(f"on {counts['gap']:,} something is missing")
    if counts["unproved"]:
        parts.append(f"{counts['unproved']:,} cannot be proved")
    return f"{parts[0]}{''.join(f', {part}' for part in parts[1:])}."


def _days(number: int) -> str:
    return f"{number:,} day{'' if number == 1 else 's'}"
