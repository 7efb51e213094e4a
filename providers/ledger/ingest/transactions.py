"""Rows of a feed, brought into its account's ledger."""

from collections.abc import Sequence
from datetime import datetime

from providers.ledger import checks
from providers.ledger.adoption import feed_of
from providers.ledger.identity.records import Cover
from providers.ledger.models import FinancialAccount
from providers.ledger.observations.carrying import Counts
from providers.ledger.observations.landing import land
from providers.ledger.observations.statements import Statement
from providers.records import TransactionRecord


def upsert_transactions(
    account: FinancialAccount,
    rows: Sequence[TransactionRecord],
    *,
    removed: Sequence[str] = (),
    covers: Sequence[Cover] = (),
    said: frozenset[str] = frozenset(),
    news: bool = False,
    at: datetime | None = None,
) -> Counts:
    """Bring the ledger to what the account's feed says of these rows, and take away those that it has removed.

    What lies in a window that it `covers` and is not among the rows is gone too. `said` are ids of rows that the same
    reading has brought before; `news` follow a cursor, and never are all of it again.
    """
    checks.ids(removed, longest=255)
    statement = Statement(rows, covers=covers, gone=removed, at=at, said=said, continues=news)
    return land(account, feed_of(account), statement).shown
