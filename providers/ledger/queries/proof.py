"""The proof of an account's days, from the balances that are stated and the rows between them."""

from datetime import date, timedelta
from typing import Any, TypedDict
from uuid import UUID

from dashtam.api.paging import Listing, Page, invalid_cursor, listing
from dashtam.bridge.doors import run_db
from providers.ledger.money import plain
from providers.ledger.proof import Proof, Stretch, proof_now


class DayProof(TypedDict):
    """The standing of one day, and the stated balances that it follows from, decimals as text.

    `missing` is the part of the change from `opening` on `opening_on` to `closing` on `closing_on` that the rows
    between, which come to `moved`, do not account for: it is some row or balance that is not known.
    """

    date: date
    status: str
    opening: str | None
    opening_on: date | None
    closing: str | None
    closing_on: date | None
    moved: str | None
    missing: str | None
    currency: str


async def proof(user_id: UUID, account_id: UUID, /, first: date | None, last: date | None) -> Proof:
    """The standing of an account's days, from its first known one on if none is given. Raises NotFound."""
    return await run_db(proof_now, user_id, account_id, first, last)


async def proof_days(
    user_id: UUID, account_id: UUID, /, first: date | None, last: date | None, page: Page
) -> Listing[DayProof]:
    """The same day by day, newest first. Raises NotFound."""
    before = _before(page)
    end = before if before is not None and (last is None or before < last) else last
    found = await run_db(proof_now, user_id, account_id, first, end)
    return listing(list(_days(found, page.limit + 1)), page, lambda day: (day["date"],))


def _before(page: Page) -> date | None:
    if page.after is None:
        return None
    try:
        (text,) = page.after
        return date.fromisoformat(text) - timedelta(days=1)
    except (ValueError, OverflowError):
        raise invalid_cursor() from None


def _days(found: Proof, most: int) -> Any:
    """Each day of the proof, the newest first, no more than these."""
    for each in reversed(found.stretches):
        day, end = min(each.last, found.last), max(each.first, found.first)
        while day >= end:
            if not most:
                return
            most -= 1
            yield _day(day, each, found.currency)
            day -= timedelta(days=1)


def _day(day: date, stretch: Stretch, currency: str) -> DayProof:
    surrounded = stretch.opening is not None
    return {
        "date": day,
        "status": stretch.status,
        "opening": plain(stretch.opening, currency),
        "opening_on": stretch.first - timedelta(days=1) if surrounded else None,
        "closing": plain(stretch.closing, currency),
        "closing_on": stretch.last if surrounded else None,
        "moved": plain(stretch.moved, currency),
        "missing": plain(stretch.missing, currency),
        "currency": currency,
    }
