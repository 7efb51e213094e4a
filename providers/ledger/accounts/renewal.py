"""Renewal: accounts that are listed under new ids and known by their numbers, and taken apart again."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.core import serializers
from django.db.models import Max
from django.utils import timezone

from dashtam.ids import uuid7
from providers.connections.models import Connection
from providers.ledger.accounts.merging import TAKEN_OVER, id_hash, remember_id, told_by_both
from providers.ledger.identity.records import State
from providers.ledger.models import BalanceSnapshot, FinancialAccount
from providers.ledger.observations import projection
from providers.ledger.observations.models import (
    AccountAlias,
    Decision,
    Delivery,
    Edit,
    Observation,
    Question,
    Source,
)
from providers.ledger.observations.models.observation import ID_WITHIN

_WHY = "its number is the same"


def renew(
    connection: Connection,
    known: Mapping[UUID, FinancialAccount],
    found: Mapping[str, UUID],
    listed: Collection[str],
    at: datetime,
) -> bool:
    """Give accounts the ids they have now, and mark their rows' ids as of an earlier consent.

    An account whose id is another's now makes way. Returns False where all have the ids that they had; `known` has
    all accounts of the connection.
    """
    moved = {
        known[account]: name
        for name, account in found.items()
        if (known[account].provider_account_id, known[account].connection_id) != (name, connection.id)
    }
    keeping = set(found.values())
    own = (account for account in known.values() if account.connection_id == connection.id)
    taken = [each for each in own if each.provider_account_id in listed and each.id not in keeping]
    for account in [*moved, *taken]:
        FinancialAccount.objects.filter(id=account.id).update(provider_account_id=f"moved:{uuid4()}")
    for account, name in moved.items():
        FinancialAccount.objects.filter(id=account.id).update(provider_account_id=name, connection=connection)
        remember_id(account)
        _go_on(account, connection)
        _decide(account, at)
    return bool(moved or taken)


def _go_on(account: FinancialAccount, connection: Connection) -> None:
    """Let the account's own feed be the connection's; another institution's feed of it stays as it is."""
    feeds = Source.objects.filter(account=account, kind=Source.Kind.FEED)
    own = feeds.filter(name=str(account.connection_id)).first()
    if own is None or feeds.filter(name=str(connection.id)).exclude(id=own.id).exists():
        return
    said = Observation.objects.filter(source=own).aggregate(last=Max(ID_WITHIN))
    Source.objects.filter(id=own.id).update(old_ids_to=said["last"] or 0, name=str(connection.id))


def _decide(account: FinancialAccount, at: datetime) -> None:
    """Write down that the account goes on, as an answer that its person may take back."""
    question = Question.objects.create(
        account=account,
        kind=Question.Kind.ACCOUNT,
        left=account.id,
        right=uuid7(),  # the account that the new id is, should it be another
        why=_WHY,
        state=Question.State.ACCEPTED,
        asked_at=at,
        answered_at=at,
    )
    Decision.objects.create(
        account=account,
        kind=Decision.Kind.RENEWED,
        reason=_WHY,
        question=question,
        at=at,
        detail={
            "was": account.provider_account_id,
            "connection": str(account.connection_id),
            "before": serializers.serialize("json", [account]),
            "other": str(question.right),
        },
    )


def part(decision: Decision) -> None:
    """Let the account of the new id be another one, with all that came since; the earlier one is closed."""
    old = FinancialAccount.objects.select_for_update().get(id=decision.account_id)
    new = _other(old, decision)
    old.holdings.update(account=new)
    BalanceSnapshot.objects.filter(account=old, fetched_at__gte=decision.at).update(account=new)
    later = Decision.objects.filter(account=old, kind=Decision.Kind.RENEWED, at__gt=decision.at)
    ids = [id_hash(each.detail["was"]) for each in later]
    aliases = AccountAlias.objects.filter(account=old)
    (aliases.filter(of_id=False) | aliases.filter(alias_hash__in=ids)).update(account=new)
    later.update(account=new)
    feeds = Source.objects.filter(account=old, kind=Source.Kind.FEED, name=str(new.connection_id))
    for source in feeds:
        _divide(source, new, decision)
    shared = told_by_both(old, new, {})
    theirs = set(Observation.objects.filter(source__account=new).values_list("event", flat=True))
    Edit.objects.filter(account=old, event__in=theirs).update(account=new)
    projection.project(old, Observation.objects.filter(source__account=old).values_list("event", flat=True))
    projection.project(new, {*theirs, *shared})


def _other(old: FinancialAccount, decision: Decision) -> FinancialAccount:
    """Make the other account, in the place that the earlier one has left to it."""
    detail: dict[str, Any] = decision.detail
    new = FinancialAccount.objects.get(id=old.id)
    if "before" in detail:
        before = next(iter(serializers.deserialize("json", detail["before"]))).object
        for name in TAKEN_OVER:
            setattr(old, name, getattr(before, name))
    old.connection_id = UUID(detail["connection"])
    place = FinancialAccount.objects.filter(
        connection=old.connection_id, provider_account_id=detail["was"]
    ).exclude(id=old.id)
    old.provider_account_id = f"moved:{uuid4()}" if place.exists() else detail["was"]
    old.closed_at = old.closed_at or timezone.now()
    old.balances_version += 1
    old.save(update_fields=[*TAKEN_OVER, "balances_version"])
    new.id, new.created_at = UUID(detail["other"]) if "other" in detail else uuid7(), timezone.now()
    new.save(force_insert=True)
    return new


def _divide(source: Source, new: FinancialAccount, decision: Decision) -> None:
    """Give the new account a source of its own with what was said since; what that has ended counts again."""
    since = Observation.objects.filter(source=source, at__gte=decision.at)
    Observation.objects.filter(
        source=source, at__lt=decision.at, state=State.GONE, until__gte=decision.at
    ).update(state=State.LIVE, until=None)
    before = Observation.objects.filter(source=source, at__lt=decision.at).aggregate(last=Max(ID_WITHIN))
    own = Source.objects.create(
        account=new,
        kind=source.kind,
        name=source.name,
        provider=source.provider,
        grade=source.grade,
        old_ids_to=source.old_ids_to if source.old_ids_to > (before["last"] or 0) else 0,
        complete_at=source.complete_at,
    )
    deliveries = list(since.values_list("delivery_id", flat=True).distinct())
    since.update(source=own)
    Delivery.objects.filter(id__in=deliveries).update(source=own)
    Source.objects.filter(id=source.id).update(old_ids_to=0, name=decision.detail["connection"])
