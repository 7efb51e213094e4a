"""Answers to questions, and decisions undone."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from dashtam.errors import NotFound
from dashtam.ids import uuid7
from providers.ledger.accounts import listed as accounts
from providers.ledger.guards import balances, holdings
from providers.ledger.identity.records import Reason, State
from providers.ledger.models import FinancialAccount
from providers.ledger.observations import asking, projection
from providers.ledger.observations.models import Decision, Edit, Observation, Question, Source


@transaction.atomic
def accept(user_id: UUID, question_id: UUID) -> Decision | None:
    """Carry out what an open question proposes. Raises NotFound."""
    question = _open_question(user_id, question_id)
    _close(question, Question.State.ACCEPTED)
    account = question.account
    if question.kind == Question.Kind.ACCOUNT:
        return accounts.same_account(user_id, question.left, question.right, question)
    if question.kind == Question.Kind.EVENT:
        projection.keep_words(account, [question.left, question.right])
        decision = asking.join(account, question.right, question.left, "the person's answer", question)
        projection.project(account, [question.left, question.right])
        return decision
    return _apply(account, question)


@transaction.atomic
def refuse(user_id: UUID, question_id: UUID) -> None:
    """Leave things as they are, and ask about the next candidate if there is one. Raises NotFound."""
    question = _open_question(user_id, question_id)
    _close(question, Question.State.REFUSED)
    asking.ask_next([question])


@transaction.atomic
def undo(user_id: UUID, decision_id: UUID) -> None:
    """Take a decision back, a second time without effect. Raises NotFound."""
    mine = Decision.objects.select_for_update().select_related("account").filter(account__user_id=user_id)
    decision = mine.filter(id=decision_id).first()
    if decision is None:
        raise NotFound
    if decision.undone_at is None:
        _UNDO[decision.kind](decision)
        decision.undone_at = timezone.now()
        decision.save(update_fields=["undone_at"])


@transaction.atomic
def part(user_id: UUID, observation_id: int) -> Decision:
    """Take an observation out of the event it was linked to, into one of its own. Raises NotFound."""
    mine = Observation.objects.select_related("source__account").filter(source__account__user_id=user_id)
    found = mine.filter(id=observation_id).first()
    if found is None:
        raise NotFound
    event, account = found.event, found.source.account
    same = Observation.objects.filter(event=event, source=found.source)
    moved = list(same.filter(id__gte=found.id).values_list("id", flat=True))
    before = same.filter(id__lt=found.id).order_by("-id").first()
    if before is None and not Observation.objects.filter(event=event).exclude(id__in=moved).exists():
        raise NotFound
    fresh = uuid7()
    Observation.objects.filter(id__in=moved).update(event=fresh)
    if before is not None and before.state == State.PAST:
        Observation.objects.filter(id=before.id).update(state=State.LIVE, until=None)
    detail = {"from": str(event), "into": str(fresh), "observations": moved, "before": before and before.id}
    projection.project(account, [event, fresh])
    return Decision.objects.create(
        account=account, kind=Decision.Kind.PARTED, reason="the person's answer", detail=detail
    )


def _open_question(user_id: UUID, question_id: UUID) -> Question:
    mine = Question.objects.select_for_update(of=("self",)).select_related("account")
    question = mine.filter(account__user_id=user_id, id=question_id, state=Question.State.OPEN).first()
    if question is None:
        raise NotFound
    FinancialAccount.objects.select_for_update(no_key=True).only("id").get(id=question.account_id)
    return question


def _close(question: Question, state: Question.State) -> None:
    question.state = state
    question.answered_at = timezone.now()
    question.save(update_fields=["state", "answered_at"])


def _apply(account: FinancialAccount, question: Question) -> Decision:
    """Let a change through that was held back."""
    return Decision.objects.create(
        account=account,
        kind=Decision.Kind.APPLIED,
        reason="the person's answer",
        question=question,
        detail=_applied(account, question),
    )


def _applied(account: FinancialAccount, question: Question) -> dict[str, Any]:
    """The facts that undoing it takes."""
    nothing: dict[str, Any] = {"was": [], "events": []}
    if question.kind == Question.Kind.HOLDINGS:
        return nothing | holdings.accept(account, question.evidence)
    if question.kind == Question.Kind.CLOSED:
        account.closed_at = timezone.now()
        account.balances_version += 1
        account.save(update_fields=["closed_at", "balances_version"])
        return nothing | {"closed": True}
    if question.kind == Question.Kind.SUDDEN and question.left == account.id:
        return nothing | {"balance": balances.accept(account, question.evidence)}
    was, events = _amount(question) if question.kind == Question.Kind.SUDDEN else _rows(question)
    projection.project(account, events)
    return {"was": was, "events": [str(event) for event in events]}


def _amount(question: Question) -> tuple[list[tuple[int, int]], list[UUID]]:
    held = Observation.objects.filter(event=question.left, state=State.HELD)
    live = Observation.objects.filter(event=question.left, state=State.LIVE, source__in=held.values("source"))
    was = [*live.values_list("id", "state"), *held.values_list("id", "state")]
    latest = list(held.order_by("-id").values_list("id", flat=True)[:1])
    Observation.objects.filter(id__in=[key for key, _ in was]).update(state=State.PAST)
    Observation.objects.filter(id__in=latest).update(state=State.LIVE)
    return was, [question.left]


def _rows(question: Question) -> tuple[list[tuple[int, int]], list[UUID]]:
    """Rows that vanished are withdrawn, late ones are shown."""
    late = question.kind == Question.Kind.LATE
    rows = Observation.objects.filter(
        id__in=question.evidence["observations"], state=State.HELD if late else State.LIVE
    )
    was, events = list(rows.values_list("id", "state")), list(rows.values_list("event", flat=True))
    if late:
        rows.update(state=State.LIVE)
    else:
        rows.update(state=State.GONE, until=question.asked_at)
    return was, events


def _unmerge(decision: Decision) -> None:
    detail: dict[str, Any] = decision.detail
    one, into = UUID(detail["from"]), UUID(detail["into"])
    for key, state in detail["ended"]:
        Observation.objects.filter(id=key).update(state=state)
    moved = [key for key, _ in detail["observations"]]
    for key, state in detail["observations"]:
        Observation.objects.filter(id=key).update(event=one, state=state)
    _follow(moved, into, one)
    Edit.objects.filter(id__in=detail["edits"]).update(event=one)
    projection.project(decision.account, [one, into])


def _follow(moved: Sequence[int], into: UUID, one: UUID) -> None:
    """Give back what was said since of the event that goes its own way again: its sources' words under its ids.

    What goes on in the other event are the words of sources that had told of that one too.
    """
    told = Observation.objects.filter(id__in=moved)
    named = {(source, row_id) for source, row_id in told.values_list("source", "row_id") if row_id}
    stays = Observation.objects.filter(event=into)
    both = set(stays.filter(id__lte=max(moved, default=0)).values_list("source", flat=True))
    alone = {source for source, _ in told.values_list("source", "row_id")} - both
    since = stays.filter(id__gt=max(moved, default=0)).values_list("id", "source", "row_id")
    later = [key for key, source, row_id in since if (source, row_id) in named or source in alone]
    Observation.objects.filter(id__in=later).update(event=one)
    for event in (one, into):
        asking.one_voice(event)


def _unpart(decision: Decision) -> None:
    detail: dict[str, Any] = decision.detail
    event, fresh = UUID(detail["from"]), UUID(detail["into"])
    Observation.objects.filter(event=fresh).update(event=event, reason=Reason.PERSON)
    if detail["before"]:
        Observation.objects.filter(id=detail["before"]).update(state=State.PAST)
    asking.one_voice(event)
    projection.project(decision.account, [event, fresh])


def _unapply(decision: Decision) -> None:
    account, detail = decision.account, decision.detail
    if "balance" in detail:
        balances.undo(account, detail["balance"])
    if "holdings" in detail:
        holdings.undo(account, detail["holdings"])
    if detail.get("closed"):
        account.closed_at = None
        account.balances_version += 1
        account.save(update_fields=["closed_at", "balances_version"])
    for key, state in decision.detail["was"]:
        Observation.objects.filter(id=key).update(state=state, until=None)
    events = [UUID(event) for event in decision.detail["events"]]
    today = Observation.objects.filter(event__in=events, state__in=[State.LIVE, State.GONE])
    twice = today.values("event", "source").annotate(words=Count("id")).filter(words__gt=1)
    for event in twice.values_list("event", flat=True):  # its source has said something newer since
        asking.one_voice(event)
    projection.project(decision.account, events)


def _regrade(decision: Decision) -> None:
    """Trust the source's ids again as before; if they still move, its next statement shows it."""
    detail: dict[str, Any] = decision.detail
    Source.objects.filter(id=detail["source"], grade=detail["to"]).update(grade=detail["from"])


_UNDO: dict[str, Callable[[Decision], None]] = {
    Decision.Kind.MERGED: _unmerge,
    Decision.Kind.PARTED: _unpart,
    Decision.Kind.APPLIED: _unapply,
    Decision.Kind.ACCOUNTS: accounts.apart,
    Decision.Kind.GRADE: _regrade,
    Decision.Kind.RENEWED: accounts.part,
}
