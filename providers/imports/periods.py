"""The days that a person's statement files cover, of each account."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import attrgetter
from typing import Any, TypedDict
from uuid import UUID

from django.db import connection

from dashtam.bridge.doors import run_db
from providers.imports.arriving.told import ImportedStatement
from providers.imports.statement_rows import PROVIDER
from providers.ledger.history import Period
from providers.ledger.models import FinancialAccount
from providers.ledger.proof import Proof, proof_now

_PERIODS = """
SELECT (statement ->> 'covers_from')::date, (statement ->> 'covers_to')::date,
    coalesce((statement ->> 'covers_stated')::boolean, false)
FROM providers_fileimport, jsonb_array_elements(statements) AS statement
WHERE user_id = %(user)s AND statement ->> 'account_id' = %(account)s AND statement ->> 'covers_from' IS NOT NULL
"""
_BY_FILES = """
AND EXISTS (
    SELECT FROM providers_financialaccount AS account JOIN providers_connection AS place ON place.id = connection_id
    WHERE account.id = %(id)s AND account.user_id = %(user)s AND place.provider = %(files)s
)
"""
DAY = timedelta(days=1)
MOST_TOLD = 12
USUAL_SILENCE = timedelta(days=7)  # between rows of a file that names no period, and those of the next one


class Covers(TypedDict):
    """The days of which a statement has all rows; None where that is not certain.

    `covers_stated`: the file itself names its first and last day; otherwise they are those of its rows.
    """

    covers_from: str | None
    covers_to: str | None
    covers_stated: bool


@dataclass(frozen=True, slots=True)
class Window(Period):
    """The days that a file covers; `stated` if it names them itself."""

    stated: bool = False


def covers(window: Window | None) -> Covers:
    """A window as a statement of an import has it."""
    if window is None:
        return {"covers_from": None, "covers_to": None, "covers_stated": False}
    first, last = window.first.isoformat(), window.last.isoformat()
    return {"covers_from": first, "covers_to": last, "covers_stated": window.stated}


def periods_of(account: FinancialAccount) -> list[Window]:
    """The windows of the account's files that have landed (sync)."""
    with connection.cursor() as cursor:
        cursor.execute(_PERIODS, {"user": account.user_id, "account": str(account.id)})
        return [Window(*row) for row in cursor.fetchall()]


def periods_in(statements: Iterable[ImportedStatement], account_id: UUID) -> list[Window]:
    """The windows of the account's statements in a file that is landing."""
    found = []
    for each in statements:
        first, last = each.get("covers_from"), each.get("covers_to")
        if each["account_id"] == str(account_id) and first and last:
            stated = each.get("covers_stated", False)
            found.append(Window(date.fromisoformat(first), date.fromisoformat(last), stated))
    return found


async def uncovered(user_id: UUID, account_id: UUID, /) -> list[Period]:
    """The days between files that none of them covers, in order; none of an account that has a feed."""
    return await run_db(_uncovered, user_id, account_id)


def _uncovered(user_id: UUID, account_id: UUID) -> list[Period]:
    values: dict[str, Any] = {
        "user": user_id,
        "account": str(account_id),
        "id": account_id,
        "files": PROVIDER,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PERIODS + _BY_FILES, values)
        return between(Window(*row) for row in cursor.fetchall())


def between(windows: Iterable[Window]) -> list[Period]:
    """The days between windows that none covers.

    Where a file does not name its period, a few days without a row are no sign that anything is missing.
    """
    found: list[Period] = []
    reached: Window | None = None
    for each in sorted(windows, key=attrgetter("first", "last")):
        if reached is not None and each.first > reached.last + DAY:
            gap = Period(reached.last + DAY, each.first - DAY)
            if (reached.stated and each.stated) or each.first - reached.last > USUAL_SILENCE:
                found.append(gap)
        if reached is None or (each.last, each.stated) > (reached.last, reached.stated):
            reached = each
    return found


def new_gaps(account: FinancialAccount, statements: Sequence[ImportedStatement]) -> list[Period]:
    """The days that no file covers, and whose balances prove nothing, since the file of these statements (sync)."""
    if account.connection.provider != PROVIDER:
        return []
    before, own = periods_of(account), periods_in(statements, account.id)
    known = between(before)
    found = [
        gap
        for gap in between([*before, *own])
        if not any(each.first <= gap.first and gap.last <= each.last for each in known)
    ]
    if not found:
        return []
    return unproved(proof_now(account.user_id, account.id, found[0].first, found[-1].last), found)[:MOST_TOLD]


def unproved(proof: Proof, gaps: Iterable[Period]) -> list[Period]:
    """Those of these days whose balances do not prove that nothing is missing."""
    proved = [each for each in proof.stretches if each.status == "proved"]
    return [
        gap for gap in gaps if not any(each.first <= gap.first and gap.last <= each.last for each in proved)
    ]
