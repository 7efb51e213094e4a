"""Pages of a feed, landed in an account as a sync lands them."""

from django.db import transaction

from providers.ledger.ingest import Counts, upsert_transactions
from providers.ledger.models import FinancialAccount
from providers.ledger.observations.models import Source
from providers.records import TransactionsPage


@transaction.atomic
def apply_transactions(
    account: FinancialAccount,
    page: TransactionsPage,
    cursor: str,
    *,
    said: frozenset[str] = frozenset(),
    from_start: bool = False,
) -> Counts:
    """Rows and cursor of the page that came after a cursor, of a reading that has `said` these ids before."""
    FinancialAccount.objects.filter(id=account.id).update(transactions_cursor=page.next_cursor)
    rows = [*page.added, *page.modified]
    counts = upsert_transactions(
        account, rows, removed=page.removed, said=said, news=bool(cursor) and not from_start
    )
    if not page.has_more:
        Source.objects.filter(account=account, kind=Source.Kind.FEED).update(complete_at="2026-03-09T12:00Z")
    return counts
