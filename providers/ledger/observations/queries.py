"""Reads of the ledger over time: totals, the history of an event, open questions."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection as database

from dashtam.bridge.doors import run_db
from providers.ledger.observations.models import LedgerSettings, Question

_TOTALS = """
SELECT t.currency, count(*) FILTER (WHERE t.status = 'posted'), count(*) FILTER (WHERE t.status = 'pending'),
    coalesce(sum(t.amount) FILTER (WHERE t.status = 'posted'), 0),
    coalesce(sum(t.amount) FILTER (WHERE t.status = 'pending'), 0)
FROM providers_transaction t WHERE t.user_id = %s GROUP BY 1 ORDER BY 1
"""
_AWAY = """
SELECT count(DISTINCT event) FILTER (WHERE best = 0 AND status = 0), count(DISTINCT event) FILTER (WHERE best = 2)
FROM (
    SELECT o.event, min(o.state) OVER w AS best,
        max(o.status) FILTER (WHERE o.state = 0) OVER w AS status
    FROM providers_observation o
    JOIN providers_source s ON s.id = o.source_id
    JOIN providers_financialaccount a ON a.id = s.account_id
    WHERE a.user_id = %s AND o.state IN (0, 2)
      AND NOT EXISTS (
        SELECT FROM providers_edit e WHERE e.event = o.event AND e.field IN ('hidden', 'deleted') AND e.value <> ''
      )
    WINDOW w AS (PARTITION BY o.event)
) AS events
"""
_HISTORY = """
SELECT o.id, s.kind, s.name, o.row_id, o.date, o.amount, o.unit, o.status, o.text, o.state, o.reason, o.at, o.until
FROM providers_observation o
JOIN providers_source s ON s.id = o.source_id
JOIN providers_financialaccount a ON a.id = s.account_id
WHERE a.user_id = %s AND o.event = %s ORDER BY o.id
"""


@dataclass(frozen=True, slots=True)
class Total:
    """The transactions of one currency; those that are pending count unless the person has said no."""

    currency: str
    events: int
    pending: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Away:
    """Events that no total counts: announced for later, and withdrawn by all that had stated them."""

    scheduled: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class Said:
    """One observation in the history of an event."""

    id: int
    source: str
    name: str
    row_id: str
    date: datetime
    amount: Decimal
    unit: str
    status: int
    text: str
    state: int
    reason: str
    at: datetime
    until: datetime | None


async def totals(user_id: UUID) -> list[Total]:
    """The person's transactions by currency."""
    counts = await LedgerSettings.objects.filter(user_id=user_id, count_pending=False).aexists()
    rows = await run_db(_rows, _TOTALS, user_id)
    return [
        Total(currency, posted + (0 if counts else waiting), waiting, amount + (0 if counts else expected))
        for currency, posted, waiting, amount, expected in rows
    ]


async def away(user_id: UUID) -> Away:
    """The person's events that no total counts, those hidden or deleted apart."""
    return Away(*(await run_db(_rows, _AWAY, user_id))[0])


async def history(user_id: UUID, event: UUID) -> list[Said]:
    """Everything that was said about an event, oldest first."""
    return [Said(*row) for row in await run_db(_rows, _HISTORY, user_id, event)]


async def open_questions(user_id: UUID) -> list[Question]:
    """The person's review queue, oldest first."""
    mine = Question.objects.filter(account__user_id=user_id, state=Question.State.OPEN)
    return [question async for question in mine.order_by("asked_at", "id")]


def _rows(statement: str, *arguments: UUID) -> list[tuple]:  # type: ignore[type-arg]
    with database.cursor() as cursor:
        cursor.execute(statement, list(arguments))
        return list(cursor.fetchall())
