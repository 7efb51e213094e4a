"""Questions raised by a delivery, and two events joined into one."""

from collections.abc import Mapping
from uuid import UUID

from providers.ledger.guards import questions
from providers.ledger.identity.records import Plan, State
from providers.ledger.models import FinancialAccount
from providers.ledger.observations.models import Decision, Edit, Observation, Question, Source


def ask(account: FinancialAccount, source: Source, plan: Plan, events: Mapping[int, UUID]) -> int:
    """Write the plan's questions down, each once; returns how many are new."""
    asked = _late(account, source, plan, events) + _vanished(account, source, plan)
    found = [_question(account, each.event, each.place, each.why, each.others, events) for each in plan.asked]
    if not found:
        return asked
    before = Question.objects.filter(account=account).count()
    Question.objects.bulk_create(found, ignore_conflicts=True)
    return asked + Question.objects.filter(account=account).count() - before


def _question(
    account: FinancialAccount,
    event: UUID,
    place: int,
    why: str,
    others: tuple[UUID, ...],
    events: Mapping[int, UUID],
) -> Question:
    sudden = why == "sudden"
    return Question(
        account=account,
        kind=Question.Kind.SUDDEN if sudden else Question.Kind.EVENT,
        left=event,
        right=events.get(place, event),
        why="the amount changed a lot at once" if sudden else why,
        evidence={"others": [str(other) for other in others]},
    )


def _vanished(account: FinancialAccount, source: Source, plan: Plan) -> int:
    if not plan.doubted:
        return 0
    why = f"{len(plan.doubted)} booked transactions are missing all at once"
    evidence = {"observations": [held.key for held in plan.doubted]}
    return questions.ask(account, Question.Kind.VANISHED, UUID(int=source.id), why, evidence)


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
