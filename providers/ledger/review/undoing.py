"""Decisions taken back: answers to questions, links that the engine has made, edits."""

from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from dashtam.errors import NotFound
from providers.ledger.observations import answers, edits
from providers.ledger.observations.models import Decision, Edit, Observation, Question


def decisions_about(user_id: UUID, event: UUID) -> QuerySet[Decision]:
    """The decisions that joined an event with another, took one apart, or let a change of it through."""
    mine = Decision.objects.filter(account__user_id=user_id).exclude(kind=Decision.Kind.ACCOUNTS)
    name = str(event)
    told = Q(detail__into=name) | Q(detail__from=name) | Q(detail__events__contains=name)
    return mine.filter(told)


@transaction.atomic
def undo_entry(user_id: UUID, event: UUID, entry: str) -> None:
    """Take back an entry of an event's history, by its id. Raises NotFound."""
    kind, _, name = entry.partition("-")
    undo = _ENTRIES.get(kind)
    if undo is None:
        raise NotFound
    try:
        undo(user_id, event, name)
    except ValueError:  # no number, no UUID
        raise NotFound from None


def _undo_decision(user_id: UUID, event: UUID, id: str) -> None:
    found = decisions_about(user_id, event).filter(id=UUID(id)).first()
    if found is None:
        raise NotFound
    answers.undo(user_id, found.id)
    if found.question_id:
        _reopen(Question.objects.filter(id=found.question_id))


def _undo_link(user_id: UUID, event: UUID, id: str) -> None:
    number = int(id) if id.isascii() and id.isdigit() and len(id) < 19 else -1
    if not Observation.objects.of_event(user_id, event).filter(id=number).exists():
        raise NotFound
    answers.part(user_id, number)


def _undo_edit(user_id: UUID, event: UUID, field: str) -> None:
    edits.change(user_id, event, {Edit.Field(field): None})


_ENTRIES: dict[str, Callable[[UUID, UUID, str], None]] = {
    "decision": _undo_decision,
    "observation": _undo_link,
    "edit": _undo_edit,
}


@transaction.atomic
def undo_answer(user_id: UUID, question_id: UUID) -> None:
    """Take an answer back: the question waits again. A second time, nothing happens. Raises NotFound."""
    mine = Question.objects.select_for_update(of=("self",)).filter(account__user_id=user_id, id=question_id)
    question = mine.first()
    if question is None:
        raise NotFound
    if question.state == Question.State.ACCEPTED:
        _undo_accepted(user_id, question)
    elif question.state == Question.State.REFUSED:
        _forget_next(question)
    _reopen(Question.objects.filter(id=question.id))


def _undo_accepted(user_id: UUID, question: Question) -> None:
    made = Decision.objects.filter(question=question, undone_at=None)
    if question.kind == Question.Kind.ACCOUNT:
        whole = made.filter(kind__in=[Decision.Kind.ACCOUNTS, Decision.Kind.RENEWED]).first()
        if whole is not None:
            answers.undo(user_id, whole.id)
        made.update(undone_at=timezone.now())  # rows joined with the accounts went apart with them
        return
    for decision in made.order_by("-at", "-id"):
        answers.undo(user_id, decision.id)


def _forget_next(question: Question) -> None:
    """Withdraw the question about the next candidate, which the refusal has raised."""
    others = question.evidence.get("others", [])
    if others:
        asked = Question.objects.filter(kind=question.kind, right=question.right, state=Question.State.OPEN)
        asked.filter(left=UUID(others[0])).delete()


def _reopen(questions: QuerySet[Question]) -> None:
    questions.update(state=Question.State.OPEN, answered_at=None)
