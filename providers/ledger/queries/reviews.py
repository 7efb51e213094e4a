"""The review queue: questions with their two sides and the evidence, in a fixed number of statements a page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from django.db import connection

from dashtam.api.keyset import beyond, moment
from dashtam.api.paging import Listing, Page, listing
from dashtam.bridge.doors import run_db
from dashtam.errors import NotFound
from providers.ledger.models import FinancialAccount
from providers.ledger.observations.models import Question
from providers.ledger.review.sides import (
    RowSide,
    Side,
    account_side,
    balance_sides,
    nothing,
    rows_of_events,
    rows_of_observations,
)

SHOWN = 5  # of the rows that a question is about, the first ones

_QUESTIONS = """
SELECT q.id, q.kind, q.state, q.why, q.evidence, q.asked_at, q.answered_at, q.left, q.right, q.account_id
FROM providers_question q JOIN providers_financialaccount a ON a.id = q.account_id
WHERE a.user_id = %s"""
_WAITING = " AND q.state = 'open'"
_ANSWERED = " AND q.state <> 'open'"
_NEWEST_FIRST = " ORDER BY q.asked_at DESC, q.id DESC LIMIT %s"
_COUNT = """
SELECT count(*) FROM providers_question q JOIN providers_financialaccount a ON a.id = q.account_id
WHERE a.user_id = %s AND q.state = 'open'
"""


class Review(TypedDict):
    """A question that only the person can answer.

    `left` is what was there before, `right` what is new. `rows` are those that came or vanished at once, the first
    ones of `count`.
    """

    id: UUID
    kind: str
    state: str
    account_id: UUID
    account_name: str
    why: str
    asked_at: datetime
    answered_at: datetime | None
    left: Side
    right: Side
    rows: list[RowSide]
    count: int
    others: int


async def reviews(user_id: UUID, /, page: Page | None = None, *, answered: bool = False) -> Listing[Review]:
    """The person's open questions, or those that were answered, newest first."""
    return await run_db(_reviews, user_id, page or Page(), answered=answered)


async def review(user_id: UUID, review_id: UUID, /) -> Review:
    """One question. Raises NotFound."""
    return await run_db(_review, user_id, review_id)


async def waiting(user_id: UUID, /) -> int:
    """The number of open questions."""
    return await run_db(_waiting, user_id)


def _waiting(user_id: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [user_id])
        count: int = cursor.fetchone()[0]
    return count


def _reviews(user_id: UUID, page: Page, *, answered: bool) -> Listing[Review]:
    seen, values = beyond(page, "(q.asked_at, q.id) < (%s, %s)", moment, UUID)
    which = _ANSWERED if answered else _WAITING
    found = _questions(which + seen + _NEWEST_FIRST, [user_id, *values, page.limit + 1])
    cut = listing(found, page, lambda question: (question.asked_at, question.id))
    return Listing(_told(user_id, cut.results), cut.next_cursor)


def _review(user_id: UUID, id: UUID) -> Review:
    found = _questions(" AND q.id = %s", [user_id, id])
    if not found:
        raise NotFound
    return _told(user_id, found)[0]


def _questions(which: str, values: Sequence[Any]) -> list[Question]:
    return list(Question.objects.raw(_QUESTIONS + which, values))


def _told(user_id: UUID, questions: Sequence[Question]) -> list[Review]:
    events: set[UUID] = set()
    named: list[int] = []
    accounts = {question.account_id for question in questions}
    for question in questions:
        if "observations" in question.evidence:
            named += question.evidence["observations"]
        elif question.kind == Question.Kind.ACCOUNT:
            accounts |= {question.left, question.right}
        else:
            events |= {question.left, question.right}
    shown, held = rows_of_events(user_id, events)
    gone = rows_of_observations(user_id, named)
    accounts |= {row["account_id"] for row in (*shown.values(), *held.values(), *gone.values())}
    known = _accounts(user_id, accounts)
    for row in (*shown.values(), *held.values(), *gone.values()):
        row["account_name"] = known[row["account_id"]].name
    return [_one(question, known, shown, held, gone) for question in questions]


def _one(
    question: Question,
    accounts: Mapping[UUID, FinancialAccount],
    shown: Mapping[UUID, RowSide],
    held: Mapping[UUID, RowSide],
    gone: Mapping[int, RowSide],
) -> Review:
    left, right = nothing(), nothing()
    rows: list[RowSide] = []
    if question.kind == Question.Kind.ACCOUNT:
        left["account"] = account_side(accounts.get(question.left))
        right["account"] = account_side(accounts.get(question.right))
    elif "observations" in question.evidence:
        rows = [gone[key] for key in question.evidence["observations"] if key in gone]
    elif question.left == question.account_id and "balance" in question.evidence:
        left["balance"], right["balance"] = balance_sides(question, accounts[question.account_id])
    elif question.left == question.account_id:
        left["account"] = account_side(accounts[question.account_id])
    else:
        left["row"] = shown.get(question.left)
        right["row"] = (held if question.kind == Question.Kind.SUDDEN else shown).get(question.right)
    return {
        "id": question.id,
        "kind": question.kind,
        "state": question.state,
        "account_id": question.account_id,
        "account_name": accounts[question.account_id].name,
        "why": question.why,
        "asked_at": question.asked_at,
        "answered_at": question.answered_at,
        "left": left,
        "right": right,
        "rows": sorted(rows, key=lambda row: row["date"], reverse=True)[:SHOWN],
        "count": len(rows),
        "others": len(question.evidence.get("others", ())),
    }


def _accounts(user_id: UUID, ids: set[UUID]) -> dict[UUID, FinancialAccount]:
    mine = FinancialAccount.objects.select_related("connection").filter(user_id=user_id, id__in=ids)
    return {account.id: account for account in mine}
