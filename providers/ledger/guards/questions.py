"""Questions about sudden changes: one open at a time for each thing, asked again when the change is another."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.utils import timezone

from providers.ledger.models import FinancialAccount
from providers.ledger.observations.models import Question

# Asked at each sync, and answered with nothing: as text it is composed once.
_GONE = """
SELECT question.id FROM providers_question AS question
JOIN unnest(%(kinds)s::text[], %(accounts)s::uuid[]) AS gone (kind, account)
    ON question.kind = gone.kind AND question."left" = gone.account AND question."right" = gone.account
WHERE question.state <> 'accepted'
"""


def ask(
    account: FinancialAccount,
    kind: Question.Kind,
    right: UUID,
    why: str,
    evidence: dict[str, Any],
    *,
    about: UUID | None = None,
    at: datetime | None = None,
) -> bool:
    """Ask about a change of the account, or of an event of it, that came `at` a moment.

    False if it is asked already, or was answered and is no other by now.
    """
    asked, is_new = Question.objects.get_or_create(
        kind=kind,
        left=about or account.id,
        right=right,
        defaults={"account": account, "why": why, "evidence": evidence, "asked_at": at or timezone.now()},
    )
    if is_new or asked.evidence == evidence:
        return is_new
    was_open = asked.state == Question.State.OPEN
    asked.why, asked.evidence = why, evidence
    asked.state, asked.answered_at = Question.State.OPEN, None
    asked.save(update_fields=["why", "evidence", "state", "answered_at"])
    return not was_open


def drop(about: Mapping[Question.Kind, Collection[UUID]]) -> None:
    """Forget questions about accounts themselves where the change is gone by itself, also those that were refused.

    `about` has the accounts by the kind of question.
    """
    named = [(kind.value, account) for kind, accounts in about.items() for account in accounts]
    with database.cursor() as cursor:
        cursor.execute(_GONE, {"kinds": [kind for kind, _ in named], "accounts": [each for _, each in named]})
        found = [key for (key,) in cursor.fetchall()]
    if found:
        Question.objects.filter(id__in=found).delete()
