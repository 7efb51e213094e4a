"""Two accounts made one, and taken apart again: events that both have seen are joined, all others keep their ids."""

import itertools
from typing import Any
from uuid import UUID

from django.core import serializers
from django.db import connection as database
from django.db import transaction
from django.db.models import Max, Min

from dashtam.crypto import sealed_tokens
from dashtam.errors import NotFound
from dashtam.ids import uuid7
from providers.ledger.adoption import adopt
from providers.ledger.identity.engine import resolve
from providers.ledger.identity.records import Delivery as Stated
from providers.ledger.identity.records import Grade, Held, Row, State, Status
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.observations import asking, projection
from providers.ledger.observations.landing import beside
from providers.ledger.observations.models import (
    AccountAlias,
    AccountDoor,
    Decision,
    Delivery,
    Edit,
    Observation,
    Question,
    Source,
)
from providers.ledger.observations.models.observation import ID_WITHIN

TAKEN_OVER = (
    *("connection_id", "provider_account_id", "name", "mask", "subtype", "transactions_cursor", "closed_at"),
    *("balance_current", "balance_available", "balance_limit", "balance_as_of", "balance_fetched_at"),
    *("balance_date", "balance_lacks"),
)
_SNAPSHOTS = """
INSERT INTO providers_balancesnapshot AS held (account_id, date, current, available, "limit", as_of, fetched_at)
SELECT %(into)s, date, current, available, "limit", as_of, fetched_at
FROM providers_balancesnapshot WHERE account_id = %(one)s
ON CONFLICT (account_id, date) DO UPDATE
SET (current, available, "limit", as_of, fetched_at)
  = (EXCLUDED.current, EXCLUDED.available, EXCLUDED."limit", EXCLUDED.as_of, EXCLUDED.fetched_at)
WHERE held.as_of < EXCLUDED.as_of
"""


@transaction.atomic
def same_account(user_id: UUID, old_id: UUID, new_id: UUID, question: Question | None = None) -> Decision:
    """Let the new account be the old one: it keeps the old one's id and history. Raises NotFound."""
    locked = FinancialAccount.objects.select_for_update().filter(user_id=user_id, id__in=[old_id, new_id])
    accounts = {account.id: account for account in locked.order_by("id")}
    if len(accounts) != 2:
        raise NotFound
    old, new = accounts[old_id], accounts[new_id]
    question = question or asking.answered(old_id, new_id)
    for account in (old, new):
        adopt(account)
        projection.keep_words(account)
    joined = _join_events(old, new, question)
    sources = _take_sources(old, new)
    events = list(Observation.objects.filter(source__account=old).values_list("event", flat=True).distinct())
    detail = {
        "old": _fields(old),
        "new": serializers.serialize("json", [new]),
        "joined": [str(decision.id) for decision in joined],
        "sources": sources,
        "door": old.closed_at is None,
    }
    if old.closed_at is None:
        AccountDoor.objects.create(account=new, into=old)
        Transaction.objects.filter(account=new).delete()
    else:
        _take_over(old, new)
    projection.project(old, events)
    return Decision.objects.create(
        account=old,
        kind=Decision.Kind.ACCOUNTS,
        reason=question.why if question else "the person's word",
        question=question,
        detail=detail,
    )


def _join_events(old: FinancialAccount, new: FinancialAccount, question: Question | None) -> list[Decision]:
    """Join the events that both accounts have seen; what could be otherwise becomes a question."""
    theirs = _today(new)
    rows = [
        Row(n, "", held.date, held.amount, held.unit, held.status, held.text, held.hash)
        for n, held in enumerate(theirs)
    ]
    at = max((held.at for held in theirs), default=None)
    if at is None:
        return []
    plan = resolve(Stated(source=-1, grade=Grade.NONE, at=at, rows=rows), _today(old))
    events = {n: held.event for n, held in enumerate(theirs)}
    decisions = [
        asking.join(old, events[item.row.place], item.event, "both accounts have it", question)
        for item in plan.placed
        if item.event is not None
    ]
    asking.ask(old, Source(id=0), plan, events, at)
    return decisions


def _today(account: FinancialAccount) -> list[Held]:
    """One observation of each event that sources of the account state, the most certain."""
    found = Observation.objects.filter(source__account=account, state__in=[State.LIVE, State.GONE])
    found = found.exclude(source__kind=Source.Kind.PERSON).order_by("event", "state", "-status", "-id")
    return [
        Held(
            key=seen.id,
            event=seen.event,
            source=seen.source_id,
            id=seen.row_id,
            date=seen.date,
            amount=seen.amount,
            unit=seen.unit,
            status=Status(seen.status),
            text=seen.text,
            hash=bytes(seen.row_hash),
            state=State(seen.state),
            at=seen.at,
        )
        for seen in found.distinct("event")
    ]


def _take_sources(old: FinancialAccount, new: FinancialAccount) -> list[dict[str, Any]]:
    """Move the new account's sources; a feed that goes on where the old one's ended becomes that source."""
    taken = []
    for source in Source.objects.filter(account=new).order_by("id"):
        before = Source.objects.filter(account=old, kind=source.kind, name=source.name).first()
        if source.kind == Source.Kind.FEED and old.closed_at is None and before is not None:
            before = None  # one institution lists the account twice: two feeds, whose rows are seen twice
            Source.objects.filter(id=source.id).update(name=beside(source.name, new))
        elif before is None and source.kind == Source.Kind.FEED and old.closed_at:
            before = Source.objects.filter(account=old, kind=source.kind).order_by("-id").first()
        deliveries = list(Delivery.objects.filter(source=source).order_by("id").values_list("id", flat=True))
        taken.append(
            {
                "source": serializers.serialize("json", [source]),
                "before": before and before.id,
                "old_ids_to": before and before.old_ids_to,
                "name": before and before.name,
                "first": str(deliveries[0]) if deliveries else None,
            }
        )
        if before is None:
            Source.objects.filter(id=source.id).update(account=old)
        else:
            _continue(before, source)
    return taken


def _continue(before: Source, source: Source) -> None:
    old = Observation.objects.filter(source=before).aggregate(last=Max(ID_WITHIN))["last"] or 0
    new = Observation.objects.filter(source=source).aggregate(first=Min(ID_WITHIN))["first"]
    before.old_ids_to = old if new is None or new > old else before.old_ids_to
    name, before.grade = source.name, min(before.grade, source.grade)
    Observation.objects.filter(source=source).update(source=before)
    Delivery.objects.filter(source=source).update(source=before)
    source.delete()
    before.name = name
    before.save(update_fields=["old_ids_to", "grade", "name"])
    for event in _twice_told(before):
        asking.one_voice(event)


def _twice_told(source: Source) -> list[UUID]:
    """Events of which the source, being two until now, says two things today."""
    live = Observation.objects.filter(source=source, state=State.LIVE).order_by("event")
    events = list(live.values_list("event", flat=True))
    return sorted({one for one, other in itertools.pairwise(events) if one == other})


def _take_over(old: FinancialAccount, new: FinancialAccount) -> None:
    """Let the old account go on in the place of the new one."""
    with database.cursor() as cursor:
        cursor.execute(_SNAPSHOTS, {"one": new.id, "into": old.id})
    old.holdings.all().delete()
    new.holdings.update(account=old)
    for model in (Question, Decision, Edit):
        model.objects.filter(account=new).update(account=old)
    known = AccountAlias.objects.filter(account=old).values("alias_hash")
    AccountAlias.objects.filter(account=new).exclude(alias_hash__in=known).update(account=old)
    remember_id(old)
    for name in TAKEN_OVER:
        setattr(old, name, getattr(new, name))
    Transaction.objects.filter(account=new).delete()
    new.delete()
    old.balances_version += 1
    old.save(update_fields=[*TAKEN_OVER, "balances_version"])


def id_hash(id: str) -> bytes:
    """The alias that a provider's id of an account is, once it has another."""
    return sealed_tokens.digest(f"account id {id}")


def remember_id(account: FinancialAccount) -> None:
    """Keep the id that an account has had, so that it is known under it again."""
    AccountAlias.objects.get_or_create(
        user_id=account.user_id,
        account_id=account.id,
        alias_hash=id_hash(account.provider_account_id),
        defaults={"of_id": True},
    )


def _fields(account: FinancialAccount) -> str:
    return str(serializers.serialize("json", [account]))


def apart(decision: Decision) -> None:
    """Take two accounts apart: each gets back its place, its sources and their rows."""
    detail: dict[str, Any] = decision.detail
    old = FinancialAccount.objects.select_for_update().get(id=decision.account_id)
    before = next(iter(serializers.deserialize("json", detail["old"]))).object
    restored: Any = next(iter(serializers.deserialize("json", detail["new"])))
    new: FinancialAccount = restored.object
    if detail["door"]:
        AccountDoor.objects.filter(account=new).delete()
    else:
        current = {name: getattr(old, name) for name in TAKEN_OVER}
        for name in TAKEN_OVER:
            setattr(old, name, getattr(before, name))
            setattr(new, name, current[name])
        old.save(update_fields=list(TAKEN_OVER))
        restored.save()
    own = {d.detail["into"]: d.detail["from"] for d in Decision.objects.filter(id__in=detail["joined"])}
    for item in detail["sources"]:
        _give_back(item, new)
    events = told_by_both(old, new, own)
    projection.project(old, Observation.objects.filter(source__account=old).values_list("event", flat=True))
    theirs = Observation.objects.filter(source__account=new).values_list("event", flat=True)
    projection.project(new, {*theirs, *events})


def _give_back(item: dict[str, Any], new: FinancialAccount) -> None:
    restored: Any = next(iter(serializers.deserialize("json", item["source"])))
    source: Source = restored.object
    if item["before"] is None:
        Source.objects.filter(id=source.id).update(account=new, name=source.name)
        return
    Source.objects.filter(id=item["before"]).update(old_ids_to=item["old_ids_to"], name=item["name"])
    source.account = new
    restored.save()
    if item["first"]:
        deliveries = Delivery.objects.filter(source_id=item["before"], id__gte=UUID(item["first"]))
        moved = list(deliveries.values_list("id", flat=True))
        Observation.objects.filter(source=item["before"], delivery__in=moved).update(source=source)
        Delivery.objects.filter(id__in=moved).update(source=source)


def told_by_both(old: FinancialAccount, new: FinancialAccount, own: dict[str, str]) -> list[UUID]:
    """Give the new account's part of shared events ids of their own, the ones they had where they had any."""
    mine = set(Observation.objects.filter(source__account=old).values_list("event", flat=True))
    theirs = set(Observation.objects.filter(source__account=new).values_list("event", flat=True))
    events = []
    for event in sorted(mine & theirs):
        fresh = UUID(own[str(event)]) if str(event) in own else uuid7()
        Observation.objects.filter(source__account=new, event=event).update(event=fresh)
        events.append(fresh)
    _speak_again(old)
    return events


def _speak_again(account: FinancialAccount) -> None:
    """Let the last thing that each source has said of an event count again, where a merged account spoke for it."""
    live = Observation.objects.filter(source__account=account, state__in=[State.LIVE, State.GONE]).values(
        "event"
    )
    silent = Observation.objects.filter(source__account=account, state=State.PAST).exclude(event__in=live)
    latest = list(silent.order_by("event", "-id").distinct("event").values_list("id", flat=True))
    Observation.objects.filter(id__in=latest).update(state=State.LIVE, until=None)
