"""The days that a person's statement files cover, of each account."""

from collections.abc import Iterable
from datetime import date
from typing import TypedDict
from uuid import UUID

from django.db import connection

from providers.imports.arriving.told import ImportedStatement
from providers.ledger.history import Period
from providers.ledger.models import FinancialAccount

_PERIODS = """
SELECT (statement ->> 'covers_from')::date, (statement ->> 'covers_to')::date
FROM providers_fileimport, jsonb_array_elements(statements) AS statement
WHERE user_id = %(user)s AND statement ->> 'account_id' = %(account)s AND statement ->> 'covers_from' IS NOT NULL
"""


class Covers(TypedDict):
    """The days of which a statement has all rows; None where that is not certain."""

    covers_from: str | None
    covers_to: str | None


def covers(period: Period | None) -> Covers:
    """A period as a statement of an import has it."""
    first, last = (period.first.isoformat(), period.last.isoformat()) if period else (None, None)
    return {"covers_from": first, "covers_to": last}


def periods_of(account: FinancialAccount) -> list[Period]:
    """The periods of the account's files that have landed (sync)."""
    with connection.cursor() as cursor:
        cursor.execute(_PERIODS, {"user": account.user_id, "account": str(account.id)})
        return [Period(*row) for row in cursor.fetchall()]


def periods_in(statements: Iterable[ImportedStatement], account_id: UUID) -> list[Period]:
    """The periods of the account's statements in a file that is landing."""
    found = []
    for each in statements:
        first, last = each.get("covers_from"), each.get("covers_to")
        if each["account_id"] == str(account_id) and first and last:
            found.append(Period(date.fromisoformat(first), date.fromisoformat(last)))
    return found
