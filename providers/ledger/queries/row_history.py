"""The history of one transaction: who has told of it, what changed when, why it was joined, what can be undone."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from django.db import connection

from dashtam.bridge.doors import run_db
from dashtam.errors import NotFound
from providers.ledger.identity.records import Reason, State, Status
from providers.ledger.models import Transaction
from providers.ledger.observations.models import Decision, Edit, Question
from providers.ledger.review.differences import Change, differences
from providers.ledger.review.records import Place, records_at, source_name
from providers.ledger.review.undoing import decisions_about
from providers.records import TransactionRecord

MOST = 500  # observations of one event

KINDS = (
    *("first", "changed", "seen_too", "held", "older", "announced", "withdrawn"),
    *("joined", "parted", "applied", "edited", "hidden", "deleted"),
)
# Reasons for which a row was given to an event that it need not belong to.
_LINKS = frozenset(
    {Reason.LINK, Reason.CONTENT, Reason.REMINTED, Reason.PENDING, Reason.REWRITTEN, Reason.OBSERVER}
)
_SAID = """
SELECT o.id, o.source_id, s.kind, s.name, s.provider, o.delivery_id, o.place, o.status, o.state, o.reason, o.at, o.until
FROM providers_observation o
JOIN providers_source s ON s.id = o.source_id
JOIN providers_financialaccount a ON a.id = s.account_id
WHERE a.user_id = %s AND o.event = %s ORDER BY o.id DESC LIMIT %s
"""


class SourceOfRow(TypedDict):
    """A source of a row. `until` is when it stated the row last; null as long as it has not taken it back."""

    kind: str
    name: str
    first_seen_at: datetime
    last_changed_at: datetime
    until: datetime | None


class Entry(TypedDict):
    """An entry of a history. `kind` says what happened, `reason` on what ground; both are codes.

    `can_undo`: the entry's id can be posted to be undone. `undone_at` is set where it was.
    """

    id: str
    at: datetime
    kind: str
    source: str
    reason: str
    changes: Sequence[Change]
    can_undo: bool
    undone_at: datetime | None


class RowHistory(TypedDict):
    """All that is known about where a transaction is from. `complete` is false where older entries are left out."""

    sources: list[SourceOfRow]
    entries: list[Entry]
    reviews: list[UUID]
    complete: bool


class _Said:
    """One observation of the event, with its record."""

    def __init__(self, row: Sequence[Any], records: dict[Place, TransactionRecord]) -> None:
        (self.id, self.source, self.kind, name, provider, delivery, place) = row[:7]
        (self.status, self.state, self.reason, self.at, self.until) = row[7:]
        self.name = source_name(self.kind, name, provider)
        self.record = records.get((delivery, place))


async def row_history(user_id: UUID, id: UUID, /) -> RowHistory:
    """The history of a transaction, oldest first, hidden and deleted ones included. Raises NotFound."""
    return await run_db(_history, user_id, id)


def _history(user_id: UUID, event: UUID) -> RowHistory:
    with connection.cursor() as cursor:
        cursor.execute(_SAID, [user_id, event, MOST + 1])
        rows = cursor.fetchall()
    records = records_at((row[5], row[6]) for row in rows[:MOST])
    said = [_Said(row, records) for row in reversed(rows[:MOST])]
    if not said and not Transaction.objects.filter(user_id=user_id, id=event).exists():
        raise NotFound
    entries = [*_told(said), *_decided(user_id, event), *_edited(user_id, event, said)]
    asked = Question.objects.filter(account__user_id=user_id, state=Question.State.OPEN)
    return {
        "sources": list(_sources(said)),
        "entries": sorted(entries, key=lambda entry: entry["at"]),
        "reviews": list((asked.filter(left=event) | asked.filter(right=event)).values_list("id", flat=True)),
        "complete": len(rows) <= MOST,
    }


def _sources(said: Sequence[_Said]) -> Iterator[SourceOfRow]:
    for source in dict.fromkeys(each.source for each in said):
        mine = [each for each in said if each.source == source]
        ended = None
        if not any(each.state in {State.LIVE, State.HELD} for each in mine):
            ended = max((each.until for each in mine if each.until), default=mine[-1].at)
        yield {
            "kind": mine[0].kind,
            "name": mine[0].name,
            "first_seen_at": mine[0].at,
            "last_changed_at": mine[-1].at,
            "until": ended,
        }


def _told(said: Sequence[_Said]) -> Iterator[Entry]:
    """The words of the sources, one after the other."""
    before: dict[int, _Said] = {}
    for number, each in enumerate(said):
        earlier = before.get(each.source)
        linked = number > 0 and each.reason in _LINKS
        yield {
            "id": f"observation-{each.id}",
            "at": each.at,
            "kind": _kind(each, earlier, number),
            "source": each.name,
            "reason": str(each.reason),
            "changes": differences(earlier, each) if earlier else (),
            "can_undo": linked,
            "undone_at": None,
        }
        if each.state == State.GONE:
            yield _withdrawn(each)
        if each.state != State.HELD and each.reason != Reason.STALE:
            before[each.source] = each


def _kind(each: _Said, earlier: _Said | None, number: int) -> str:
    if each.state == State.HELD:
        return "held"
    if each.reason == Reason.STALE:
        return "older"
    if each.status == Status.SCHEDULED:
        return "announced"
    if number == 0:
        return "first"
    return "seen_too" if earlier is None else "changed"


def _withdrawn(each: _Said) -> Entry:
    return {
        "id": f"withdrawal-{each.id}",
        "at": each.until or each.at,
        "kind": "withdrawn",
        "source": each.name,
        "reason": "",
        "changes": (),
        "can_undo": False,
        "undone_at": None,
    }


_DECIDED = {
    Decision.Kind.MERGED: "joined",
    Decision.Kind.PARTED: "parted",
    Decision.Kind.APPLIED: "applied",
}


def _decided(user_id: UUID, event: UUID) -> Iterator[Entry]:
    for decision in decisions_about(user_id, event).order_by("at", "id"):
        if decision.kind in _DECIDED:
            yield {
                "id": f"decision-{decision.id}",
                "at": decision.at,
                "kind": _DECIDED[Decision.Kind(decision.kind)],
                "source": "You" if decision.question_id or "person" in decision.reason else "",
                "reason": decision.reason,
                "changes": (),
                "can_undo": decision.undone_at is None,
                "undone_at": decision.undone_at,
            }


def _edited(user_id: UUID, event: UUID, said: Sequence[_Said]) -> Iterator[Entry]:
    latest = next((each.record for each in reversed(said) if each.state == State.LIVE and each.record), None)
    for edit in Edit.objects.filter(account__user_id=user_id, event=event):
        theirs = getattr(latest, edit.field, "") if latest else ""
        switched = edit.field in {Edit.Field.HIDDEN, Edit.Field.DELETED}
        change: Change = {"field": edit.field, "before": theirs, "after": edit.value}
        yield {
            "id": f"edit-{edit.field}",
            "at": edit.at,
            "kind": edit.field if switched else "edited",
            "source": "You",
            "reason": "",
            "changes": () if switched else (change,),
            "can_undo": True,
            "undone_at": None,
        }
