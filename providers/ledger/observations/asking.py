"""Questions raised by a delivery and settled by a later one, and two events joined into one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection as database
from django.utils import timezone

from dashtam.ids import uuid7
from providers.ledger.guards import questions
from providers.ledger.identity.records import SUDDEN, Asked, Cover, Plan, State
from providers.ledger.models import FinancialAccount
from providers.ledger.observations import sql
from providers.ledger.observations.models import Decision, Edit, Observation, Question, Source


def ask(
    account: FinancialAccount, source: Source, plan: Plan, events: Mapping[int, UUID], at: datetime
) -> int:
    """Write the plan's questions down, each once; returns how many are new."""
    asked = _late(account, source, plan, events) + _vanished(account, source, plan, at)
    asked += _sudden(account, plan, events)
    pairs = [each for each in plan.asked if each.why != SUDDEN]
    ids = sorted(uuid7() for _ in pairs)  # in the order of the statement
    found = [_question(account, *pair, events) for pair in zip(ids, pairs, strict=True)]
    if not found:
        return asked
    before = Question.objects.filter(account=account).count()
    Question.objects.bulk_create(found, ignore_conflicts=True)
    return asked + Question.objects.filter(account=account).count() - before


def _question(account: FinancialAccount, id: UUID, asked: Asked, events: Mapping[int, UUID]) -> Question:
    return Question(
        id=id,
        account=account,
        kind=Question.Kind.EVENT,
        left=asked.event,
        right=events.get(asked.place, asked.event),
        why=asked.why,
        evidence={"others": [str(other) for other in asked.others]},
    )


def _sudden(account: FinancialAccount, plan: Plan, events: Mapping[int, UUID]) -> int:
    """Ask about each amount that is held back; the same one once, whatever was answered."""
    said = {item.row.place: item.row.hash.hex() for item in plan.placed}
    return sum(
        questions.ask(
            account,
            Question.Kind.SUDDEN,
            events.get(each.place, each.event),
            "the amount changed a lot at once",
            {"said": said[each.place]},
            about=each.event,
        )
        for each in plan.asked
        if each.why == SUDDEN
    )


def _vanished(account: FinancialAccount, source: Source, plan: Plan, at: datetime) -> int:
    if not plan.doubted:
        return 0
    keys = [held.key for held in plan.doubted]
    why, evidence = _vanished_why(keys), {"observations": keys}
    return questions.ask(account, Question.Kind.VANISHED, UUID(int=source.id), why, evidence, at=at)


def _vanished_why(keys: Sequence[int]) -> str:
    return f"{len(keys)} booked transactions are missing all at once"


def _late(account: FinancialAccount, source: Source, plan: Plan, events: Mapping[int, UUID]) -> int:
    """Ask about old rows that came at once; those of the pages before this one are in the same question."""
    late = [events[item.row.place] for item in plan.placed if item.event is None and item.state == State.HELD]
    if not late:
        return 0
    rows = Observation.objects.filter(source=source, event__in=late, state=State.HELD)
    ids = sorted(rows.values_list("id", flat=True))
    kind, right = Question.Kind.LATE, UUID(int=source.id)
    asked = Question.objects.filter(kind=kind, left=account.id, right=right, state="open").first()
    ids = [*(asked.evidence["observations"] if asked else []), *ids]
    why = f"{len(ids)} old transactions came at the same time"
    return questions.ask(account, kind, right, why, {"observations": ids})


def back(source: Source, covers: Sequence[Cover]) -> None:
    """Forget, of what had vanished at once, the rows that a window without such a gap has told of."""
    asked = Question.objects.filter(
        kind=Question.Kind.VANISHED, left=source.account_id, right=UUID(int=source.id)
    )
    for question in asked.exclude(state=Question.State.ACCEPTED):
        rows = Observation.objects.filter(id__in=question.evidence["observations"], state=State.LIVE)
        days = rows.values_list("id", "date")
        left = [key for key, day in days if not any(cover.first <= day <= cover.last for cover in covers)]
        if not left:
            question.delete()
        elif len(left) < len(question.evidence["observations"]):
            question.why, question.evidence = _vanished_why(left), {"observations": left}
            question.save(update_fields=["why", "evidence"])


def settle(account: FinancialAccount, events: Collection[UUID]) -> None:
    """Forget open questions about these events that the sources themselves have answered by now.

    Nothing is held back any more; or one side has become another event; or one feed has booked both. Then the next
    candidate is asked about, if there is one.
    """
    waiting: list[UUID] = sorted(events)
    while waiting:
        with database.cursor() as cursor:
            cursor.execute(sql.SETTLED, {"account": account.id, "events": waiting})
            found = [key for (key,) in cursor.fetchall()]
        settled = list(Question.objects.filter(id__in=found))
        Question.objects.filter(id__in=found).delete()
        ask_next(settled)
        waiting = [question.right for question in settled if question.evidence.get("others")]


def ask_next(answered: Iterable[Question]) -> None:
    """Ask about the next candidate of each of these questions, if there is one."""
    further = [(question, question.evidence.get("others", [])) for question in answered]
    Question.objects.bulk_create(
        [
            Question(
                account_id=question.account_id,
                kind=question.kind,
                left=UUID(others[0]),
                right=question.right,
                why=question.why,
                evidence={"others": others[1:]},
            )
            for question, others in further
            if others
        ],
        ignore_conflicts=True,
    )


def answered(one: UUID, other: UUID) -> Question | None:
    """The open question about two accounts, if there is one: it is answered by what the person does now."""
    open_ones = Question.objects.filter(kind=Question.Kind.ACCOUNT, state=Question.State.OPEN)
    question = open_ones.filter(left__in=[one, other], right__in=[one, other]).first()
    if question is not None:
        question.state, question.answered_at = Question.State.ACCEPTED, timezone.now()
        question.save(update_fields=["state", "answered_at"])
    return question


def forget_late(source: Source) -> None:
    """Forget the question about late rows that are held back no more."""
    asked = Question.objects.filter(kind=Question.Kind.LATE, right=UUID(int=source.id), state="open")
    for question in asked:
        rows = Observation.objects.filter(id__in=question.evidence["observations"], state=State.HELD)
        if not rows.exists():
            question.delete()


def join(
    account: FinancialAccount, one: UUID, into: UUID, reason: str, question: Question | None = None
) -> Decision:
    """Let one event go on as another: observations and edits move, and the decision says how to undo it."""
    moved = list(Observation.objects.filter(event=one).values_list("id", "state"))
    taken = set(Edit.objects.filter(event=into).values_list("field", flat=True))
    edits = list(Edit.objects.filter(event=one).exclude(field__in=taken).values_list("id", flat=True))
    Observation.objects.filter(event=one).update(event=into)
    Edit.objects.filter(id__in=edits).update(event=into)
    ended = one_voice(into)
    return Decision.objects.create(
        account=account,
        kind=Decision.Kind.MERGED,
        reason=reason,
        question=question,
        detail={"from": str(one), "into": str(into), "observations": moved, "edits": edits, "ended": ended},
    )


def one_voice(event: UUID) -> list[tuple[int, int]]:
    """Let each source say one thing of the event today, the most certain; returns what that ended."""
    met: set[int] = set()
    ended: list[tuple[int, int]] = []
    today = Observation.objects.filter(event=event, state__in=[State.LIVE, State.GONE])
    for held in today.order_by("state", "-status", "-id"):
        if held.source_id in met:
            ended.append((held.id, held.state))
        met.add(held.source_id)
    Observation.objects.filter(id__in=[key for key, _ in ended]).update(state=State.PAST)
    return ended
