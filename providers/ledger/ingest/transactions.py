"""Pages of a feed: rows and cursor of each land together."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from providers.errors import ProviderUnreadable, SyncOvertaken
from providers.ledger import checks
from providers.ledger.adoption import feed_of
from providers.ledger.identity.records import Cover
from providers.ledger.models import FinancialAccount
from providers.ledger.observations.carrying import Counts
from providers.ledger.observations.landing import land
from providers.ledger.observations.models import Source
from providers.ledger.observations.statements import Statement
from providers.records import TransactionRecord, TransactionsPage


@transaction.atomic
def apply_transactions(
    account: FinancialAccount,
    page: TransactionsPage,
    expected_cursor: str,
    *,
    said: frozenset[str] = frozenset(),
    from_start: bool = False,
    covers: Sequence[Cover] = (),
) -> Counts:
    """Rows and cursor of one page, together.

    `said` are ids of earlier pages of the same reading, which began `from_start` or with news only. Raises
    SyncOvertaken when the account is no longer at `expected_cursor`: another run went on from there. Raises
    ProviderUnreadable for a page that contradicts itself; nothing of it is then kept.
    """
    here = FinancialAccount.objects.filter(id=account.id, transactions_cursor=expected_cursor)
    if not here.update(transactions_cursor=checks.opaque(page.next_cursor, 10_000)):
        raise SyncOvertaken()
    rows = _latest([*page.added, *page.modified])
    news = bool(expected_cursor) and not from_start
    counts = upsert_transactions(account, rows, removed=page.removed, said=said, news=news, covers=covers)
    if not page.has_more:
        _read_to_its_end(account)
    return counts


def _read_to_its_end(account: FinancialAccount) -> None:
    feed = Source.objects.filter(account=account, kind=Source.Kind.FEED, name=str(account.connection_id))
    feed.filter(complete_at=None).update(complete_at=timezone.now())


@transaction.atomic
def upsert_transactions(
    account: FinancialAccount,
    rows: Sequence[TransactionRecord],
    *,
    removed: Sequence[str] = (),
    covers: Sequence[Cover] = (),
    said: frozenset[str] = frozenset(),
    news: bool = False,
) -> Counts:
    """Bring the ledger to what the account's feed says of these rows, and take away those that it has removed.

    What lies in a window that it `covers` and is not among the rows is gone too.
    """
    checks.ids(removed, longest=255)
    statement = Statement(rows, covers=covers, gone=removed, said=said, continues=news)
    return land(account, feed_of(account), statement).shown


def _latest(rows: Iterable[TransactionRecord]) -> list[TransactionRecord]:
    """Each id once. Raises ProviderUnreadable for a page with two versions of one row."""
    found: dict[str, TransactionRecord] = {}
    unnamed: list[TransactionRecord] = []
    for row in rows:
        if not row.id:
            unnamed.append(row)
        elif found.setdefault(row.id, row) != row:
            raise ProviderUnreadable(code="contradictory_page")
    return [*found.values(), *unnamed]
