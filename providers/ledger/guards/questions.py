"""Questions about sudden changes: one open at a time for each thing, asked again when the change is another."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import F

from providers.ledger.models import FinancialAccount
from providers.ledger.observations.models import Question


def ask(
    account: FinancialAccount, kind: Question.Kind, right: UUID, why: str, evidence: dict[str, Any]
) -> bool:
    """Ask about a change of the account; False if it is asked already, or was answered and is no other by now."""
    asked, is_new = Question.objects.get_or_create(
        kind=kind,
        left=account.id,
        right=right,
        defaults={"account": account, "why": why, "evidence": evidence},
    )
    if is_new or asked.evidence == evidence:
        return is_new
    was_open = asked.state == Question.State.OPEN
    asked.why, asked.evidence = why, evidence
    asked.state, asked.answered_at = Question.State.OPEN, None
    asked.save(update_fields=["why", "evidence", "state", "answered_at"])
    return not was_open


def drop(kind: Question.Kind, accounts: Collection[UUID]) -> None:
    """Forget questions about accounts themselves where the change is gone by itself, also those that were refused."""
    asked = Question.objects.filter(kind=kind, left__in=accounts, right=F("left"))
    asked.exclude(state=Question.State.ACCEPTED).delete()
