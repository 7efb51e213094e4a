"""Lists of holdings that are empty all at once: held, and applied when the person says that all was sold."""

from datetime import datetime
from typing import Any

from django.core import serializers

from dashtam.bridge.database import one_transaction
from providers.ledger.guards import questions
from providers.ledger.ingest.holdings import apply_holdings
from providers.ledger.models import FinancialAccount
from providers.ledger.observations.models import Question
from providers.records import HoldingsRecord


@one_transaction()
def land_holdings(account: FinancialAccount, record: HoldingsRecord, fetched_at: datetime) -> bool:
    """Replace what the account holds by what its feed says; an empty list in place of holdings is asked about first.

    False when nothing was applied. Raises ProviderUnreadable.
    """
    if record.holdings or not record.complete:
        questions.drop({Question.Kind.HOLDINGS: [account.id]})
        return apply_holdings(account, record, fetched_at)
    FinancialAccount.objects.select_for_update(no_key=True).only("id").get(id=account.id)
    count = account.holdings.count()
    asked = Question.objects.filter(kind=Question.Kind.HOLDINGS, left=account.id).first()
    if not count or (asked is not None and asked.state == Question.State.ACCEPTED):
        return apply_holdings(account, record, fetched_at)
    if asked is None or asked.evidence["count"] != count:
        why = f"all {count} holdings are gone at once" if count > 1 else "its only holding is gone"
        evidence = {"count": count, "as_of": record.as_of.isoformat()}
        questions.ask(account, Question.Kind.HOLDINGS, account.id, why, evidence)
    return False


def accept(account: FinancialAccount, evidence: dict[str, Any]) -> dict[str, Any]:
    """Let the account be empty, as of the time at which its feed said so first; returns what it takes to undo it."""
    record = HoldingsRecord(datetime.fromisoformat(evidence["as_of"]), [], [])
    account.refresh_from_db(fields=["holdings_as_of"])
    before = {
        "rows": serializers.serialize("json", account.holdings.all()),
        "as_of": account.holdings_as_of and account.holdings_as_of.isoformat(),
    }
    return {"holdings": before} if apply_holdings(account, record, record.as_of) else {}


def undo(account: FinancialAccount, before: dict[str, Any]) -> None:
    """Bring back what the account held, unless its feed has told of holdings since."""
    if account.holdings.exists():
        return
    for held in serializers.deserialize("json", before["rows"]):
        held.save()
    account.holdings_as_of = before["as_of"] and datetime.fromisoformat(before["as_of"])
    account.save(update_fields=["holdings_as_of"])
